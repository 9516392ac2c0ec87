"""Runs sql/0030_incidents_that_end.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    run_sql_file("0030_incidents_that_end.sql")
