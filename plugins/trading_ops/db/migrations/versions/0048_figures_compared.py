"""Runs sql/0048_figures_compared.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0048"
down_revision = "0047"


def upgrade() -> None:
    run_sql_file("0048_figures_compared.sql")
