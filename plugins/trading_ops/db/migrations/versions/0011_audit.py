"""Runs sql/0011_audit.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    run_sql_file("0011_audit.sql")
