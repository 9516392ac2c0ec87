"""Runs sql/0055_statements.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0055"
down_revision = "0054"


def upgrade() -> None:
    run_sql_file("0055_statements.sql")
