"""The second tier: the product's own server over a real PostgreSQL, in virtual time.

Nothing but what a test would have to stand in for is replaced: the broker (the simulator's), the clock, chance, and the
letterbox at the end of a message. The rows are PostgreSQL's, and what the oracles are shown is read back from them by
another connection than the server's.
"""
