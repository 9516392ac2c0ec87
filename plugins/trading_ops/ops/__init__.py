"""Running the desk: the clock, the halt, incidents and what keeps the machine honest."""
