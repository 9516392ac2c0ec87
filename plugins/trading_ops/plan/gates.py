"""
The four gates, in the order they are judged and shown; Postgres holds TRADE tickets to the same four.

Pure.
"""

GATES = ("data_quality", "confirmation", "reconciliation", "risk")
