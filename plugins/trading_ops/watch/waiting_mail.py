"""
Mail that waits longer than the policy says: tried once more, and an incident when it waits even so.

A simulated desk jumps through its time, so there nothing ever waits for long.
"""

from collections.abc import Callable
from datetime import timedelta

from trading_ops.comms.incidents import raise_incident
from trading_ops.config.files import read_policy
from trading_ops.db import clock
from trading_ops.db.connect import connect, queries
from trading_ops.settings import Settings
from trading_ops.wording.instants import in_full


def chase(config: Settings, hand_over: Callable[[Settings], list[str]]) -> list[str]:
    """
    Hand over what waits too long once more and tell of what still does; return a line for each piece of news.

    Works as desk_planner. While its incident is open nothing is chased: the post has its own hours.
    """
    if config.environment != "production" or _late(config) is None:
        return []
    said = hand_over(config)
    if late := _late(config):
        count = "1 mail waits" if late["mails_count"] == 1 else f"{late['mails_count']} mails wait"
        why = f"; the last try: {late['said']}" if late["said"] else "; it was not tried yet"
        detail = f"{count} since {in_full(late['since_at'])}{why}"
        with connect("desk_planner", config) as connection:
            key = f"MAIL_WAITING:{late['first_mail_id']}"
            raise_incident(connection, "MAIL_WAITING", key, detail, config=config)
        said.append(detail)
    return said


def _late(config: Settings) -> dict | None:
    rules = read_policy(config).incidents
    with connect("desk_planner", config) as connection:
        since_at = clock.now(connection) - timedelta(minutes=rules.mail_waits_minutes_max)
        return queries.comms.late_mails(connection, waiting_since=since_at)
