"""Runs sql/0056_lots.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0056"
down_revision = "0055"


def upgrade() -> None:
    run_sql_file("0056_lots.sql")
