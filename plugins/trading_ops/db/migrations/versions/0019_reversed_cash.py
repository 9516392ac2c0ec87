"""Runs sql/0019_reversed_cash.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    run_sql_file("0019_reversed_cash.sql")
