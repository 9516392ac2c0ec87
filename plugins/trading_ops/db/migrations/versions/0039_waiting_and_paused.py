"""Runs sql/0039_waiting_and_paused.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    run_sql_file("0039_waiting_and_paused.sql")
