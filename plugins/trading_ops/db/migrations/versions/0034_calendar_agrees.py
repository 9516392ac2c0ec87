"""Runs sql/0034_calendar_agrees.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    run_sql_file("0034_calendar_agrees.sql")
