"""Runs sql/0006_people_mail_and_incidents.sql."""

from trading_ops.db.migrate import run_sql_file

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    run_sql_file("0006_people_mail_and_incidents.sql")
