"""
A second ledger, in plain Python, to hold the real one against.

It shares no code with the desk: it keeps the newest version of every confirmation and adds up
what is left, where Postgres keeps reversals and sums a view.
"""

import json
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_DOWN, Decimal
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
    What was there, newest fills per (ticket, line) and posted splits; `confirm` and `post` say what counts.
    """

    sides: dict[tuple[str, int], tuple[str, int]]
    newest: dict[tuple[str, int], list[tuple[Decimal, datetime]]] = field(default_factory=dict)
    splits: dict[tuple[str, date], Decimal] = field(default_factory=dict)
    # Symbol -> units the book came with, before anything else.
    opened: dict[str, Decimal] = field(default_factory=dict)

    def units(self, symbol: str, before: datetime | None = None) -> Decimal:
        """What is held of a symbol: now, or by an instant."""
        total = self.opened.get(symbol, Decimal(0))
        for line, fills in self.newest.items():
            traded, sign = self.sides[line]
            total += sum(sign * u for u, at in fills if traded == symbol and (before is None or at < before))
        for (split_symbol, ex_date), delta in self.splits.items():
            if split_symbol == symbol and (before is None or _midnight(ex_date) < before):
                total += delta
        return total

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

    def post(self, symbol: str, ex_date: date, ratio: Decimal) -> None:
        """Split what was held at the start of the ex-date, once."""
        held = self.units(symbol, before=_midnight(ex_date))
        if (symbol, ex_date) not in self.splits and held > 0:
            self.splits[symbol, ex_date] = (held * ratio).quantize(Decimal("1e-8"), ROUND_DOWN) - held


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("America/New_York"))
