"""Floor 4: who may open what. Keeps the secrets."""
