"""Runs sql/0016_halt.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    run_sql_file("0016_halt.sql")
