"""Runs sql/0047_plans_know_splits.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0047"
down_revision = "0046"


def upgrade() -> None:
    run_sql_file("0047_plans_know_splits.sql")
