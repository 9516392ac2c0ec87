"""
What the books hold, now or as they were known on an earlier day: cash, positions, lots, entries.

Everything is read from the entries of the book; what it is worth says the daily report.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import groupby

from flask import Blueprint, abort, render_template, request

from confirm_app.database import desk_settings, reading
from trading_ops.db.connect import queries

books = Blueprint("books", __name__)

# The newest ones are looked at; older ones are found by asking for an earlier day.
_SHOWN_COUNT = 50


@books.get("/account")
def show():
    """The account as the books have it; with ?day= as they had it when that day ended in UTC."""
    now_at, day = queries.clock.now_at(reading()), request.args.get("day", "")
    at = min(now_at, _end_of(day)) if day else now_at
    asked = {"portfolio_id": desk_settings().portfolio_id, "at": at}
    lots = list(queries.page.account_lots(reading(), **asked))
    entries = list(queries.page.account_entries(reading(), **asked))
    held = [lot for lot in lots if lot["closed_at"] is None]
    closed = [lot for lot in lots if lot["closed_at"] is not None]
    return render_template(
        "account.html",
        day=day,
        at=at,
        cash_gbp=sum((entry["cash_delta_gbp"] for entry in entries), Decimal(0)),
        positions=_positions(held),
        gain_gbp=sum((lot["gain_gbp"] for lot in closed), Decimal(0)),
        closed=closed[:_SHOWN_COUNT],
        entries=entries[:_SHOWN_COUNT],
        left_out_count=max(0, len(entries) - _SHOWN_COUNT),
    )


def _end_of(day: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(day) + timedelta(days=1), datetime.min.time(), UTC)
    except (ValueError, OverflowError):
        abort(404)


def _positions(held: Sequence[Mapping]) -> list[dict]:
    """Return each stock with its lots and what they add up to."""
    found = []
    for symbol, group in groupby(held, key=lambda lot: lot["internal_symbol"]):
        lots = list(group)
        found.append(
            {
                "symbol": symbol,
                "units": sum(lot["units"] for lot in lots),
                "cost_gbp": sum(lot["cost_gbp"] for lot in lots),
                "lots": lots,
            }
        )
    return found
