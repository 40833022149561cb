"""Floor 5. A FOLDER IS A USE CASE: lifecycle (pure) · tables · actions · reactions · api."""
