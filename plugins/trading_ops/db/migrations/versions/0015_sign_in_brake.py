"""Runs sql/0015_sign_in_brake.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    run_sql_file("0015_sign_in_brake.sql")
