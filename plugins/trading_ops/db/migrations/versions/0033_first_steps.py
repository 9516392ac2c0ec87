"""Runs sql/0033_first_steps.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    run_sql_file("0033_first_steps.sql")
