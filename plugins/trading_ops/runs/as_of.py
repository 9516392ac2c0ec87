"""
Which sessions the desk can work on: those that have closed on its clock, and that it has bars for.

A day can be written without a mistake and still be one nothing is known of, years ahead or before everything.
"""

from datetime import date, timedelta

import psycopg

from trading_ops.db import clock
from trading_ops.db.connect import queries
from trading_ops.exchange import sessions
from trading_ops.exchange.asked_day import require_session
from trading_ops.exchange.clocks import NEW_YORK
from trading_ops.runs.run import RunError
from trading_ops.wording.instants import utc_minute


def require_closed(connection: psycopg.Connection, day: date) -> None:
    """Raise RunError for a day that is no session of the calendar, or one that has not closed yet."""
    try:
        closes_at = sessions.session_close_at(require_session(day))
    except sessions.CalendarError as error:
        raise RunError(f"{day} {error}") from error
    now_at = clock.now(connection)
    if closes_at > now_at:
        today = now_at.astimezone(NEW_YORK).date()
        newest = sessions.session_on_or_before(today)
        if sessions.session_close_at(newest) > now_at:
            newest = sessions.session_on_or_before(newest - timedelta(days=1))
        raise RunError(
            f"the session {day} is not over: it is {utc_minute(now_at)} on the desk's clock, and the newest "
            f"session that has closed is {newest}"
        )


def require_bars(connection: psycopg.Connection, day: date) -> None:
    """Raise RunError when every bar there is is of a later session; without any the data gate blocks."""
    first = queries.runs.first_bar_after(connection, as_of_date=day)
    if first is not None:
        raise RunError(f"nothing is known of {day}: the oldest bar is of {first}")
