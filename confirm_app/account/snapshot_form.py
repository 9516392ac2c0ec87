"""
What the broker shows, read from its form.

Pure. One error per bad line, each naming the line and the accepted form.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from confirm_app.forms.fields import Doubt, FieldError, read_field, read_past
from confirm_app.forms.figures import FigureError, parse_figure, parse_key

POSITIONS_COUNT_MAX = 200
# A whole number and one that could be the rest of it, where a space stands between thousands.
_TWO_READINGS = re.compile(r"([1-9][0-9]{0,2}) ([0-9]{3}(?:\.[0-9]+)?)")
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

    def request(self, portfolio_id: str, person: str, waived: Sequence[Doubt] = ()) -> str:
        """Return the JSON desk.record_snapshot takes."""
        return json.dumps(
            {
                "portfolio_id": portfolio_id,
                "source": "form",
                "cash_gbp": str(self.cash_gbp),
                "taken_at": self.taken_at.isoformat(),
                "person": person,
                "doubts_waived": [doubt.as_json() for doubt in waived],
                "idempotency_key": self.idempotency_key,
                "positions": [
                    {
                        "broker_symbol": position.broker_symbol,
                        "units": str(position.units),
                        "value_gbp": None if position.value_gbp is None else str(position.value_gbp),
                    }
                    for position in self.positions
                ],
            }
        )


def parse_snapshot(
    fields: Mapping[str, str], now_at: datetime
) -> tuple[Snapshot | None, tuple[FieldError, ...]]:
    """Return the snapshot a form describes, or None and every error in it."""
    errors: list[FieldError] = []
    cash_gbp = read_field(
        errors,
        "cash",
        "Cash",
        parse_figure,
        fields.get("cash", ""),
        places=2,
        currency="GBP",
        allow_zero=True,
        allow_negative=True,
    )
    positions = _parse_positions(fields.get("positions", ""), errors)
    # An empty box is far more often a forgotten one than an empty account.
    if not fields.get("positions", "").strip() and fields.get("no_positions") != "yes":
        errors.append(
            FieldError(
                "positions", "The positions are missing: write one per line, or tick that there are none"
            )
        )
    if fields.get("positions", "").strip() and fields.get("no_positions") == "yes":
        errors.append(FieldError("positions", "There are positions, but 'no positions at all' is ticked"))
    taken_at = read_past(fields, "The time you read eToro", now_at, errors)
    key = read_field(errors, "key", "The one-time key", parse_key, fields.get("key", ""))
    if errors:
        return None, tuple(errors)
    return Snapshot(cash_gbp, positions, taken_at, key), ()


def _parse_positions(text: str, errors: list[FieldError]) -> tuple[Position, ...]:
    positions: dict[str, Position] = {}
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    if len(lines) > POSITIONS_COUNT_MAX:
        errors.append(
            FieldError(
                "positions", f"There are {len(lines)} lines: at most {POSITIONS_COUNT_MAX} are accepted"
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
    two = _TWO_READINGS.fullmatch(" ".join(words[1:]))
    if two:
        raise FigureError(
            f"can be read as {two[1]}{two[2]} units and as {two[1]} units worth {two[2]} pounds: "
            f"write {symbol} {two[1]}{two[2]}, or put a £ before the value"
        )
    try:
        units = parse_figure(words[1], places=10)
    except FigureError as error:
        raise FigureError(f"the number of units {error}") from None
    if len(words) == 2:
        return Position(symbol, units, None)
    try:
        return Position(symbol, units, parse_figure(words[2], places=2, currency="GBP", allow_zero=True))
    except FigureError as error:
        raise FigureError(f"the value {error}") from None
