"""Floor 1: the plumbing of the server. One database, one commit, one log."""
