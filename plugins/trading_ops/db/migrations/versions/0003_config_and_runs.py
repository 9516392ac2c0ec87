"""Runs sql/0003_config_and_runs.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    run_sql_file("0003_config_and_runs.sql")
