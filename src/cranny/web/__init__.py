"""Floor 1: what the server and the kiosk share of HTTP."""
