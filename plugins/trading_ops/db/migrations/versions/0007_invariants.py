"""Runs sql/0007_invariants.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    run_sql_file("0007_invariants.sql")
