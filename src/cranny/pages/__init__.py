"""Floor 6: server-rendered screens. A FOLDER IS AN AUDIENCE: its pages, its templates, and a `FEATURE`."""
