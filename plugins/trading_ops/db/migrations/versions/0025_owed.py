"""Runs sql/0025_owed.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    run_sql_file("0025_owed.sql")
