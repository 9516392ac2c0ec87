"""Runs sql/0046_statements.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0046"
down_revision = "0043"


def upgrade() -> None:
    run_sql_file("0046_statements.sql")
