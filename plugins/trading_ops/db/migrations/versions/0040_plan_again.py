"""Runs sql/0040_plan_again.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    run_sql_file("0040_plan_again.sql")
