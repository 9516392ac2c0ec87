"""Runs sql/0046_events_and_splits_recorded.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    run_sql_file("0046_events_and_splits_recorded.sql")
