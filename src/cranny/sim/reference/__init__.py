"""The server of a simulated world: the product's ingest and tables of states over a store of plain rows, which is
simple enough to be right."""
