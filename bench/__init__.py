"""How fast it is: `make bench`. The method is in docs/performance.md, one file for each figure."""
