"""The DAGs as Airflow parses them."""

import tests.dags.airflow_home  # noqa: F401, I001  (before Airflow itself)

import pytest

from trading_ops.settings import PROJECT_ROOT


@pytest.fixture(scope="session")
def bag():
    """Every DAG of the project."""
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(str(PROJECT_ROOT / "dags"))
