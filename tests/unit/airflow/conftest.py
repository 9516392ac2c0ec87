"""Airflow's own settings for the tests, before Airflow is imported."""

import tests.dags.airflow_home  # noqa: F401
