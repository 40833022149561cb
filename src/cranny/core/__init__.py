"""Floor 0, standard library only: what every other room is built of."""
