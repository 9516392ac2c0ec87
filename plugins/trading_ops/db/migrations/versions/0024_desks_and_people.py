"""Runs sql/0024_desks_and_people.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    run_sql_file("0024_desks_and_people.sql")
