"""Measurements: each one prints what it compares and the ratio, from one run."""
