"""
The desk's library: market data in, one ticket out, and the ledger between. Knows no Airflow, Flask, dbt or
Qlib.
"""
