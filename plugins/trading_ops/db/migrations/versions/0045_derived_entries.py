"""Runs sql/0045_derived_entries.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0045"
down_revision = "0044"


def upgrade() -> None:
    run_sql_file("0045_derived_entries.sql")
