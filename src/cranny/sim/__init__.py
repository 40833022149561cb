"""Floor 8: virtual banks and a virtual city. Product code: the demo, integrators and the proofs run on it."""
