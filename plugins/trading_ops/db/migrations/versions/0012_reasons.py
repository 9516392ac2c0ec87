"""Runs sql/0012_reasons.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    run_sql_file("0012_reasons.sql")
