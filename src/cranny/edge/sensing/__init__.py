"""What the bank makes of its sensors: limits, alarms, what spoils, and what is told of it all. Works alone."""
