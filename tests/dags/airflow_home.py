"""
An Airflow of the tests' own: imported before Airflow is, because Airflow reads its settings once.

Parsing DAGs needs no database; nothing here starts one.
"""

import os
import tempfile

from trading_ops.settings import PROJECT_ROOT

_HOME = tempfile.mkdtemp(prefix="trading-ops-airflow-")
os.environ.setdefault("AIRFLOW_HOME", _HOME)
os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
os.environ.setdefault("AIRFLOW__CORE__DAGS_FOLDER", str(PROJECT_ROOT / "dags"))
os.environ.setdefault("AIRFLOW__CORE__PLUGINS_FOLDER", str(PROJECT_ROOT / "plugins"))
os.environ.setdefault("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", f"sqlite:///{_HOME}/airflow.db")
