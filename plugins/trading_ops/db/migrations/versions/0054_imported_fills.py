"""Runs sql/0054_imported_fills.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0054"
down_revision = "0053"


def upgrade() -> None:
    run_sql_file("0054_imported_fills.sql")
