"""
Every session there is: those of the calendar package, changed by config/market_overrides.csv.

Pure: the committed overrides are part of the code. A line that would change nothing is refused.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from importlib.resources import files

from trading_ops.config.csv_rows import DAY, CsvRow, read_rows
from trading_ops.config.text import text_of_file
from trading_ops.exchange.clocks import NEW_YORK

# The span is fixed, because the package's own default moves with the day it is asked on.
FIRST_DATE = date(1960, 1, 1)
LAST_DATE = date(2040, 12, 31)

_LAST_EARLY_CLOSE = time(15, 59)
_OVERRIDES = "config/market_overrides.csv"
# Its columns.
_FORMS = {
    "session_date": (DAY, "a day such as 2025-01-09"),
    "kind": (r"closed|early_close", "closed or early_close"),
    "close_time_new_york": ("(([01][0-9]|2[0-3]):[0-5][0-9])?", "a time such as 13:00, or nothing"),
    "reason": (r".{0,300}", "at most 300 characters"),
}


class OverridesError(Exception):
    """config/market_overrides.csv cannot be used; the message names file, line, field and accepted form."""


@dataclass(frozen=True)
class Override:
    """A closure or an early close the calendar package does not know."""

    session_date: date
    close_time: time | None
    reason: str


@dataclass(frozen=True)
class Calendar:
    """Every session in order, with its opening and closing instant in UTC."""

    dates: tuple[date, ...]
    opens: tuple[datetime, ...]
    closes: tuple[datetime, ...]


@lru_cache
def desk_calendar() -> Calendar:
    """Return the sessions of the desk. Raises OverridesError."""
    place = files("trading_ops").joinpath(f"../../{_OVERRIDES}")
    try:
        content = place.read_bytes()
    except OSError as error:
        raise OverridesError(
            f"{_OVERRIDES} cannot be read ({error.strerror}); restore it, or leave its header alone in it: "
            f"{','.join(_FORMS)}"
        ) from error
    return build_calendar(parse_overrides(text_of_file(content, _OVERRIDES, OverridesError), _OVERRIDES))


def parse_overrides(text: str, name: str) -> tuple[Override, ...]:
    """
    Return the overrides of a market_overrides.csv text.

    Raises OverridesError naming file, line, field and the accepted form, also for a day that has no session
    to change and a close that is not earlier.
    """
    overrides: dict[date, Override] = {}
    for row in read_rows(text, name, _FORMS, OverridesError):
        session_date, close_time = row.day("session_date"), row["close_time_new_york"]
        if bool(close_time) != (row["kind"] == "early_close"):
            found = f"{close_time!r} for a day of kind {row['kind']}"
            row.refuse("close_time_new_york", found, "a time for an early_close, nothing for a closed day")
        if session_date in overrides:
            row.refuse("session_date", f"{session_date} is given twice", "each day once")
        override = Override(
            session_date, time.fromisoformat(close_time) if close_time else None, row["reason"]
        )
        _refuse_idle(row, override)
        overrides[session_date] = override
    return tuple(overrides.values())


def _refuse_idle(row: CsvRow, override: Override) -> None:
    """Refuse what leaves the package's calendar as it is, but for what a newer package has learned."""
    exchange, day = _package(), override.session_date
    if not FIRST_DATE <= day <= LAST_DATE or not exchange.is_session(str(day)):
        if override.close_time is not None or day not in {each.date() for each in exchange.adhoc_holidays}:
            found = f"{day}, on which the exchange is closed"
            row.refuse("session_date", found, f"a session of the exchange from {FIRST_DATE} to {LAST_DATE}")
    elif override.close_time is not None:
        instants = exchange.session_open(str(day)), exchange.session_close(str(day))
        opens, closes = (at.astimezone(NEW_YORK).time() for at in instants)
        if not opens < override.close_time <= min(closes, _LAST_EARLY_CLOSE):
            row.refuse(
                "close_time_new_york", accepted=f"a time after {opens:%H:%M} and before {closes:%H:%M}"
            )


@lru_cache
def build_calendar(overrides: tuple[Override, ...]) -> Calendar:
    """Return the sessions of the calendar package with the overrides applied."""
    exchange = _package()
    changed = {override.session_date: override for override in overrides}
    sessions = []
    # A whole column at a time, which pandas does six times as fast.
    instants = (column.dt.to_pydatetime() for column in (exchange.opens, exchange.closes))
    for day, open_at, close_at in zip(exchange.sessions.date, *instants, strict=True):
        override = changed.get(day)
        if override and override.close_time is None:
            continue
        if override:
            close_at = datetime.combine(day, override.close_time, NEW_YORK)
        sessions.append((day, open_at.astimezone(UTC), close_at.astimezone(UTC)))
    return Calendar(*(tuple(column) for column in zip(*sessions, strict=True)))


def _package():
    # Imported here: the package brings pandas, which costs every process half a second.
    import exchange_calendars

    return exchange_calendars.get_calendar("XNYS", start=str(FIRST_DATE), end=str(LAST_DATE))
