"""Runs sql/0023_deliveries_told_apart.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    run_sql_file("0023_deliveries_told_apart.sql")
