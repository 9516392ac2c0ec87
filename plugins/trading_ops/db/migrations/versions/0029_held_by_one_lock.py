"""Runs sql/0029_held_by_one_lock.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0029"
down_revision = "0026"


def upgrade() -> None:
    run_sql_file("0029_held_by_one_lock.sql")
