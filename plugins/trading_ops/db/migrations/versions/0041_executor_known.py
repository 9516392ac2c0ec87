"""Runs sql/0041_executor_known.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    run_sql_file("0041_executor_known.sql")
