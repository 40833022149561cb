"""Floor 1: what a bank and the server agree on. Both import it, and it imports only core."""
