"""Runs sql/0044_ledger_events.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0044"
down_revision = "0043"


def upgrade() -> None:
    run_sql_file("0044_ledger_events.sql")
