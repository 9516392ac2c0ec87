"""Runs sql/0035_executions_told.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    run_sql_file("0035_executions_told.sql")
