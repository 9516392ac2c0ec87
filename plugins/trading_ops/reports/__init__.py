"""
Reports for the people who run the desk, as markdown, as one HTML file, and by mail.

A report is written on every day a run exists. A figure that could not be computed is said to be
missing, never left out or shown as zero.
"""
