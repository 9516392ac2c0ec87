"""Runs sql/0022_adopted_policy.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    run_sql_file("0022_adopted_policy.sql")
