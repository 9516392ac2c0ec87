"""Runs sql/0037_sign_in_time.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    run_sql_file("0037_sign_in_time.sql")
