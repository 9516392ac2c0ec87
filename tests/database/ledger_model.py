"""
A second ledger, in plain Python, to hold the real one against.

It shares no code with the desk: it keeps the newest version of every confirmation and counts anew
from the first day each time, where Postgres keeps reversals and derives what splits and full sales did.
"""

import json
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from tests.database import rows
from trading_ops.db.connect import connect
from trading_ops.runs.run import Run
from trading_ops.settings import Settings


def issue_trades(desk: Settings, run: Run, trades: list[tuple[str, str]]) -> str:
    """Give a frozen plan run its TRADE ticket with one line per (symbol, side); return the ticket_id."""
    for number, (symbol, side) in enumerate(trades, start=1):
        rows.add_intended(desk, run.run_id, number, symbol, side)
    rows.pass_all_gates(desk, run.run_id)
    rows.decide(desk, run.run_id)
    row = rows.ticket_row(desk, run.run_id)
    with connect("desk_planner", desk) as connection:
        rows.insert_ticket(connection, row, range(1, len(trades) + 1))
    return row["ticket_id"]


def book_fills(
    desk: Settings,
    ticket_id: str,
    line_number: int,
    fills: list[tuple[str, datetime]],
    *,
    status: str = "",
    reason: str | None = None,
    key: str = "",
) -> None:
    """Confirm a line with (units, executed_at) fills at 100 USD, 80 GBP a unit, as the page does."""
    request = {
        "ticket_id": ticket_id,
        "line_number": line_number,
        "status": status or ("DONE" if fills else "SKIPPED"),
        "amendment_reason": reason,
        "person": "executor",
        "idempotency_key": key or f"{ticket_id}:{line_number}",
        "fills": [
            {
                "units": units,
                "price_usd": "100",
                "value_gbp": str(max(Decimal("0.01"), (Decimal(units) * 80).quantize(Decimal("0.01")))),
                "executed_at": executed_at.isoformat(),
            }
            for units, executed_at in fills
        ],
    }
    with connect("desk_app", desk) as connection:
        connection.execute("select desk.record_confirmation(%s)", (json.dumps(request),))


@dataclass
class LedgerModel:
    """
    The newest fills per (ticket, line), what the book came with, and the splits that are believed.

    Every answer is computed from scratch, in fractions: nothing but these facts is kept.
    """

    sides: dict[tuple[str, int], tuple[str, int]]
    newest: dict[tuple[str, int], list[tuple[Decimal, datetime]]] = field(default_factory=dict)
    # (symbol, ex-date) -> new shares for an old one.
    splits: dict[tuple[str, date], Fraction] = field(default_factory=dict)
    # Symbol -> units the book came with, before anything else.
    opened: dict[str, Decimal] = field(default_factory=dict)
    # What a full sale may leave or lack: so many units, or such a share of what was sold, and not half of it.
    units_max: Decimal = Decimal("0.001")
    ratio_max: Decimal = Decimal("0.002")

    def units(self, symbol: str) -> Decimal:
        """Return what is held of a symbol now."""
        traded: dict[datetime, list[Decimal]] = {}
        for line, fills in self.newest.items():
            for count, at in fills if self.sides[line][0] == symbol else ():
                traded.setdefault(at, []).append(self.sides[line][1] * count)
        ratios = {_midnight(day): ratio for (split, day), ratio in self.splits.items() if split == symbol}
        held = Fraction(self.opened.get(symbol, 0))
        for at in sorted({*traded, *ratios}):
            if at in ratios:
                held = Fraction(int(held * ratios[at] * 10**8), 10**8)
            held += Fraction(sum(traded.get(at, [])))
            sold = [-count for count in traded.get(at, []) if count < 0]
            if sold and abs(held) <= max(
                min(max(self.units_max, self.ratio_max * count), count / 2) for count in sold
            ):
                held = Fraction(0)
        return Decimal(held.numerator) / Decimal(held.denominator)

    def confirm(
        self, line: tuple[str, int], fills: list[tuple[Decimal, datetime]], is_amendment: bool
    ) -> bool:
        """Take a confirmation unless it comes twice without a reason or sells what is not there."""
        if line in self.newest and not is_amendment:
            return False
        before = self.newest.get(line)
        self.newest[line] = fills
        if self.units(self.sides[line][0]) >= 0:
            return True
        if before is None:
            del self.newest[line]
        else:
            self.newest[line] = before
        return False


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("America/New_York"))
