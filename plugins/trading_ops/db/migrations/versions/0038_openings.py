"""Runs sql/0038_openings.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    run_sql_file("0038_openings.sql")
