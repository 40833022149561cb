"""Floor 7: finds the features by listing folders, and joins what they bring."""
