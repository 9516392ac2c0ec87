"""Runs sql/0014_reversed_cash.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0014"
down_revision = "0012"


def upgrade() -> None:
    run_sql_file("0014_reversed_cash.sql")
