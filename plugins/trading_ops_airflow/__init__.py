"""Airflow's side of the desk: when things run, in which process, and what red and green mean."""
