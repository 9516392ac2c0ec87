"""Runs sql/0001_schemas_and_clock.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0001"
down_revision = None


def upgrade() -> None:
    run_sql_file("0001_schemas_and_clock.sql")
