"""Runs sql/0018_sign_in_brake.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    run_sql_file("0018_sign_in_brake.sql")
