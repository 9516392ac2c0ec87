"""A run: freezing it, what it was frozen with, and the code it ran on."""
