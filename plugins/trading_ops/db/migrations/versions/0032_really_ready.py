"""Runs sql/0032_really_ready.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    run_sql_file("0032_really_ready.sql")
