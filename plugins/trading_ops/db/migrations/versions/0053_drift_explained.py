"""Runs sql/0053_drift_explained.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0053"
down_revision = "0048"


def upgrade() -> None:
    run_sql_file("0053_drift_explained.sql")
