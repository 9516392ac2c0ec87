"""
A plan: ranking, sizing, the riskguard's checks, gates and the decision; pure but `steps`, which alone touches
Postgres.
"""
