"""One deed, one transaction."""
