"""Runs sql/0008_market_data_depth.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    run_sql_file("0008_market_data_depth.sql")
