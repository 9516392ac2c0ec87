"""Runs sql/0026_plans_without_ticket.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    run_sql_file("0026_plans_without_ticket.sql")
