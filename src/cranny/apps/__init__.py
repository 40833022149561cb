"""Floor 9: the processes and the command line. Settings are read here and nowhere else."""
