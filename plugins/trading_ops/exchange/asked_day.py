"""
A day somebody asked for, as text or as a date: a session of the exchange, or a refusal in words.

Pure.
"""

from datetime import date

from trading_ops.exchange.sessions import CalendarError, is_session, session_on_or_before


def session_named(text: str) -> date:
    """Return the session a text names. Raises CalendarError, whose message follows the text."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    # Python reads other forms as well, such as 20261120 and 2026-W47-5.
    if day is None or day.isoformat() != text:
        raise CalendarError("is not a session date like 2026-11-20")
    return require_session(day)


def require_session(day: date) -> date:
    """Return a day that is a session. Raises CalendarError, whose message follows the day."""
    try:
        is_open, before = is_session(day), session_on_or_before(day)
    except CalendarError as error:
        raise CalendarError(f"is no day to work on: {error}") from error
    if not is_open:
        raise CalendarError(
            f"is not a session: the NYSE is closed that day; the session before it is {before}"
        )
    return day
