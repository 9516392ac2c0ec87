"""Runs sql/0013_sound_numbers.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    run_sql_file("0013_sound_numbers.sql")
