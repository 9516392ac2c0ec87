"""Runs sql/0043_plans_know_their_book.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    run_sql_file("0043_plans_know_their_book.sql")
