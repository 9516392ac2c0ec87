"""
A second book of returns, in plain Python, to hold `equity_daily` against.

It shares neither code nor formula with the model: it lives through each span of sessions instant by instant
and averages what was in the book from outside over the time it was there, where the SQL weighs each flow by
what was left of its session. Exact fractions; None is unknown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction


@dataclass(frozen=True)
class Session:
    """A trading day with the instants it opened and closed at."""

    open_at: datetime
    close_at: datetime


@dataclass(frozen=True)
class Event:
    """
    Something that happened to the book: shares in or out, pounds in or out, and whether from outside.

    Shares from outside came with the book, and are a flow of what they were worth.
    """

    at: datetime
    pounds: Fraction
    is_flow: bool = False
    symbol: str | None = None
    units: Fraction = Fraction(0)


@dataclass(frozen=True)
class Day:
    """What a book was worth at a close, and how it did."""

    equity: Fraction | None
    gain: Fraction | None
    growth: Fraction | None
    drawdown: Fraction | None


def days_of(
    sessions: Sequence[Session], events: Sequence[Event], closes: Mapping[str, Sequence[Fraction | None]]
) -> list[Day]:
    """
    Return a Day per session from the first event's on.

    `closes` has a price in pounds per symbol and session, None before its first.
    """
    days, growth, peak, began, known_equity = [], Fraction(1), Fraction(1), None, Fraction(0)
    for number, session in enumerate(sessions):
        is_newest = number == len(sessions) - 1
        until_close = [event for event in events if event.at <= session.close_at]
        there = events if is_newest else until_close
        if not there:
            continue
        # A span reaches from the session after the last one of known value to this one.
        began = number if began is None else began
        closing = worth(until_close, closes, number)
        equity = closing
        if closing is not None and is_newest:
            # What came later is in the book at its close's prices, and had no part in it.
            late = [event for event in events if event.at > session.close_at]
            assert all(event.symbol is None or event.is_flow for event in late)
            equity = worth(events, closes, number)
            if equity is not None:
                closing = equity - sum(put_in(event, sessions, closes) for event in late)
        if equity is None:
            days.append(Day(None, None, None, None))
            continue
        before = sessions[began - 1].close_at if began else None
        flows = [
            replace(e, pounds=put_in(e, sessions, closes))
            for e in until_close
            if e.is_flow and (before is None or e.at > before)
        ]
        earned = closing - known_equity - sum(flow.pounds for flow in flows)
        base = known_equity + (
            sum(flow.pounds for flow in flows)
            if known_equity == 0
            else average_put_in(sessions[began : number + 1], flows)
        )
        gain = earned / base if base > 0 else Fraction(0) if earned == 0 else None
        growth *= 1 + (gain or 0)
        peak = max(peak, growth)
        days.append(Day(equity, gain, growth, 1 - growth / peak if peak else None))
        began, known_equity = number + 1, equity
    return days


def worth(
    events: Sequence[Event], closes: Mapping[str, Sequence[Fraction | None]], number: int
) -> Fraction | None:
    """Return cash and holdings after some events at the closes of a session, each holding in whole pence."""
    total = sum((event.pounds for event in events), Fraction(0))
    for symbol, prices in closes.items():
        units = sum((event.units for event in events if event.symbol == symbol), Fraction(0))
        price = prices[number]
        if units and price is None:
            return None
        total += Fraction(half_away(units * (price or 0) * 100), 100)
    return total


def put_in(
    event: Event, sessions: Sequence[Session], closes: Mapping[str, Sequence[Fraction | None]]
) -> Fraction:
    """Return pounds as they are, and shares at the first known close from the event's session on."""
    if event.symbol is None:
        return event.pounds
    own = next((n for n, session in enumerate(sessions) if event.at <= session.close_at), len(sessions) - 1)
    price = next((p for p in closes[event.symbol][own:] if p is not None), Fraction(0))
    return Fraction(half_away(event.units * price * 100), 100)


def average_put_in(sessions: Sequence[Session], flows: Sequence[Event]) -> Fraction:
    """Return the mean, over the trading time of some sessions, of what had come in from outside by then."""
    average = Fraction(0)
    for session in sessions:
        instants = sorted(
            {session.open_at, session.close_at}
            | {flow.at for flow in flows if session.open_at < flow.at < session.close_at}
        )
        length = (session.close_at - session.open_at).total_seconds()
        for start, end in zip(instants, instants[1:], strict=False):
            put_in = sum((flow.pounds for flow in flows if flow.at <= start), Fraction(0))
            average += put_in * Fraction((end - start).total_seconds()) / Fraction(length)
    return average / len(sessions)


def half_away(number: Fraction) -> int:
    """Round to a whole number as Postgres does: halves away from zero."""
    whole = int(abs(number) + Fraction(1, 2))
    return whole if number >= 0 else -whole
