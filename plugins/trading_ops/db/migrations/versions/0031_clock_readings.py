"""Runs sql/0031_clock_readings.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    run_sql_file("0031_clock_readings.sql")
