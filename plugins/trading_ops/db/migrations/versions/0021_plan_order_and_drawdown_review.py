"""Runs sql/0021_plan_order_and_drawdown_review.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    run_sql_file("0021_plan_order_and_drawdown_review.sql")
