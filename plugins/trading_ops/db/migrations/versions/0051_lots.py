"""Runs sql/0051_lots.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0051"
down_revision = "0054"


def upgrade() -> None:
    run_sql_file("0051_lots.sql")
