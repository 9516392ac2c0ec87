"""Runs sql/0020_rates_compared.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    run_sql_file("0020_rates_compared.sql")
