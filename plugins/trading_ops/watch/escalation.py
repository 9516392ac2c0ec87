"""
Telling the other person of an incident that is open and in nobody's hand: once, and not at night.

A simulated desk jumps through its time, so there nobody is ever late.
"""

from datetime import datetime, timedelta

import psycopg

from trading_ops.comms.incidents import tell_again
from trading_ops.config.policy import Policy
from trading_ops.db.connect import queries
from trading_ops.settings import Settings
from trading_ops.tickets.ladder import is_night


def escalate(connection: psycopg.Connection, config: Settings, policy: Policy, now_at: datetime) -> list[str]:
    """
    Write the letters that are due, in the caller's transaction, and return a line for each.

    Works as desk_planner.
    """
    if config.environment != "production" or is_night(now_at, policy.reminders):
        return []
    raised_before = now_at - timedelta(minutes=policy.incidents.escalate_after_minutes)
    found = list(queries.incidents.unattended(connection, raised_before=raised_before))
    for row in found:
        tell_again(connection, row, config)
    return [f"{row['code']} is in nobody's hand and told again: {row['detail']}" for row in found]
