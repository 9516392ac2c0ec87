"""
The two account forms: what the broker shows (snapshot) and money that moved without a trade.

Pure. One error per bad line, each naming the line and the accepted form.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from confirm_app.fields import NOTES_LENGTH_MAX, FieldError, read_field
from confirm_app.figures import FigureError, parse_figure, parse_instant, parse_key, parse_text

POSITIONS_COUNT_MAX = 200
# Kind -> the sign its amount enters the ledger with.
MOVEMENTS = {"deposit": 1, "withdrawal": -1, "dividend": 1, "fee": -1, "interest": 1}
_SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9.\-]{0,19}")


@dataclass(frozen=True)
class Position:
    """One holding as the broker shows it."""

    broker_symbol: str
    units: Decimal
    value_gbp: Decimal | None


@dataclass(frozen=True)
class Snapshot:
    """Cash and holdings as the broker showed them at one instant."""

    cash_gbp: Decimal
    positions: tuple[Position, ...]
    taken_at: datetime
    idempotency_key: str

    def request(self, portfolio_id: str, person: str) -> str:
        """Return the JSON desk.record_snapshot takes."""
        return json.dumps(
            {
                "portfolio_id": portfolio_id,
                "source": "form",
                "cash_gbp": str(self.cash_gbp),
                "taken_at": self.taken_at.isoformat(),
                "person": person,
                "idempotency_key": self.idempotency_key,
                "positions": [
                    {
                        "broker_symbol": position.broker_symbol,
                        "units": str(position.units),
                        "value_gbp": None
                        if position.value_gbp is None
                        else str(position.value_gbp),
                    }
                    for position in self.positions
                ],
            }
        )


@dataclass(frozen=True)
class CashMovement:
    """Money that entered or left the account; amount_gbp carries the sign."""

    kind: str
    amount_gbp: Decimal
    occurred_at: datetime
    notes: str
    idempotency_key: str

    def request(self, portfolio_id: str, person: str) -> str:
        """Return the JSON desk.record_cash_movement takes."""
        return json.dumps(
            {
                "portfolio_id": portfolio_id,
                "kind": self.kind,
                "amount_gbp": str(self.amount_gbp),
                "occurred_at": self.occurred_at.isoformat(),
                "person": person,
                "notes": self.notes,
                "idempotency_key": self.idempotency_key,
            }
        )


def parse_snapshot(
    fields: Mapping[str, str], now_at: datetime
) -> tuple[Snapshot | None, tuple[FieldError, ...]]:
    """Return the snapshot a form describes, or None and every error in it."""
    errors: list[FieldError] = []
    cash_gbp = read_field(
        errors, "cash", "Cash", parse_figure, fields.get("cash", ""),
        places=2, currency="GBP", allow_zero=True, allow_negative=True,
    )  # fmt: skip
    positions = _parse_positions(fields.get("positions", ""), errors)
    # An empty box is far more often a forgotten one than an empty account.
    if not fields.get("positions", "").strip() and fields.get("no_positions") != "yes":
        errors.append(
            FieldError(
                "positions",
                "The positions are missing: write one per line, or tick that there are none",
            )
        )
    if fields.get("positions", "").strip() and fields.get("no_positions") == "yes":
        errors.append(
            FieldError("positions", "There are positions, but 'no positions at all' is ticked")
        )
    taken_at = _parse_past(fields, "The time you read eToro", now_at, errors)
    key = read_field(errors, "key", "The one-time key", parse_key, fields.get("key", ""))
    if errors:
        return None, tuple(errors)
    return Snapshot(cash_gbp, positions, taken_at, key), ()


def parse_cash_movement(
    fields: Mapping[str, str], now_at: datetime
) -> tuple[CashMovement | None, tuple[FieldError, ...]]:
    """Return the cash movement a form describes, or None and every error in it."""
    errors: list[FieldError] = []
    kind = fields.get("kind", "")
    if kind not in MOVEMENTS:
        errors.append(FieldError("kind", f"Choose what moved the money: {', '.join(MOVEMENTS)}"))
    amount_gbp = read_field(
        errors,
        "amount",
        "The amount",
        parse_figure,
        fields.get("amount", ""),
        places=2,
        currency="GBP",
    )
    occurred_at = _parse_past(fields, "The time it happened", now_at, errors)
    notes = read_field(
        errors,
        "notes",
        "The note",
        parse_text,
        fields.get("notes", ""),
        length_max=NOTES_LENGTH_MAX,
    )
    key = read_field(errors, "key", "The one-time key", parse_key, fields.get("key", ""))
    if errors:
        return None, tuple(errors)
    return CashMovement(kind, MOVEMENTS[kind] * amount_gbp, occurred_at, notes, key), ()


def _parse_past(
    fields: Mapping[str, str], label: str, now_at: datetime, errors: list[FieldError]
) -> datetime | None:
    at = read_field(
        errors,
        "time",
        label,
        parse_instant,
        *(fields.get(name, "") for name in ("date", "time", "zone")),
    )
    if at and at > now_at:
        errors.append(FieldError("time", f"{label} is in the future: check the date and the clock"))
    return at


def _parse_positions(text: str, errors: list[FieldError]) -> tuple[Position, ...]:
    positions: dict[str, Position] = {}
    lines = [
        (number, line.strip())
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip()
    ]
    if len(lines) > POSITIONS_COUNT_MAX:
        errors.append(
            FieldError(
                "positions",
                f"There are {len(lines)} lines: at most {POSITIONS_COUNT_MAX} are accepted",
            )
        )
        return ()
    for number, line in lines:
        try:
            position = _parse_position(line)
            if position.broker_symbol in positions:
                raise FigureError(
                    f"names {position.broker_symbol} a second time: add its units up in one line"
                )
            positions[position.broker_symbol] = position
        except FigureError as error:
            errors.append(FieldError("positions", f"Line {number} ({line[:40]}): {error}"))
    return tuple(positions.values())


def _parse_position(line: str) -> Position:
    words = line.split()
    if not 2 <= len(words) <= 3:
        raise FigureError("write symbol, units and perhaps the value, such as ALDR 6.25 512.40")
    symbol = words[0].upper()
    if not _SYMBOL.fullmatch(symbol):
        raise FigureError(f"the symbol {words[0][:20]} is not letters, digits, points and dashes")
    try:
        units = parse_figure(words[1], places=10)
    except FigureError as error:
        raise FigureError(f"the number of units {error}") from None
    if len(words) == 2:
        return Position(symbol, units, None)
    try:
        return Position(
            symbol, units, parse_figure(words[2], places=2, currency="GBP", allow_zero=True)
        )
    except FigureError as error:
        raise FigureError(f"the value {error}") from None
