"""
What the broker shows, read from its form.

Pure. One error per bad field, each naming the accepted form.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from confirm_app.account.rows import Row, read_rows
from confirm_app.forms.fields import Doubt, FieldError, read_field, read_past
from confirm_app.forms.figures import UNIT_PLACES, parse_figure, parse_key, parse_text
from trading_ops.universe.names import as_named

NAME_LENGTH_MAX = 100


@dataclass(frozen=True)
class Position:
    """One holding as the broker shows it; `symbol` is None where nobody knows its name."""

    row_number: int
    name: str
    symbol: str | None
    units: Decimal


@dataclass(frozen=True)
class Snapshot:
    """Cash and holdings as the broker showed them at one instant."""

    cash_gbp: Decimal
    positions: tuple[Position, ...]
    taken_at: datetime
    idempotency_key: str

    def request(self, portfolio_id: str, person: str, waived: Sequence[Doubt] = ()) -> str:
        """Return the JSON desk.record_snapshot takes; a stock whose name is understood goes by its symbol."""
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
                    {"broker_symbol": position.symbol or position.name, "units": str(position.units)}
                    for position in self.positions
                ],
            }
        )


def parse_snapshot(
    fields: Mapping[str, str], now_at: datetime, symbol_of: Mapping[str, str]
) -> tuple[Snapshot | None, tuple[FieldError, ...]]:
    """
    Return the snapshot a form describes, or None and every error in it.

    `symbol_of` has the instrument of each name the broker may show one by, as names.as_named writes it.
    """
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
    rows = read_rows(fields)
    positions = _parse_positions(rows, symbol_of, errors)
    is_emptied = fields.get("no_positions") == "yes"
    # An empty form is far more often a forgotten one than an empty account.
    if not any(row.is_holding or not row.is_empty for row in rows) and not is_emptied:
        message = "The positions are missing: write each into a row, or tick that there are none"
        errors.append(FieldError("positions", message))
    if positions and is_emptied:
        errors.append(FieldError("positions", "There are positions, but 'no positions at all' is ticked"))
    taken_at = read_past(fields, "The time you read eToro", now_at, errors)
    key = read_field(errors, "key", "The one-time key", parse_key, fields.get("key", ""))
    if errors:
        return None, tuple(errors)
    return Snapshot(cash_gbp, positions, taken_at, key), ()


def _parse_positions(
    rows: Sequence[Row], symbol_of: Mapping[str, str], errors: list[FieldError]
) -> tuple[Position, ...]:
    positions: dict[str, Position] = {}
    for row in rows:
        # A holding without units is asked about beside the books of the instant it was read.
        if row.is_empty or (row.is_holding and not row.units.strip()):
            continue
        position = _parse_position(row, symbol_of, errors)
        if position is None:
            continue
        subject = position.symbol or as_named(position.name)
        if subject in positions:
            message = f"{position.name} stands in two rows: add its units up in one"
            errors.append(FieldError(f"row-{row.number}-name", message))
        positions.setdefault(subject, position)
    return tuple(positions.values())


def _parse_position(row: Row, symbol_of: Mapping[str, str], errors: list[FieldError]) -> Position | None:
    before = len(errors)
    name = read_field(
        errors,
        f"row-{row.number}-name",
        "The name of the stock",
        parse_text,
        " ".join(row.name.split()),
        length_max=NAME_LENGTH_MAX,
        is_required=True,
    )
    label = f"The number of units of {name[:40]}" if name else "The number of units"
    units = read_field(errors, f"row-{row.number}-units", label, parse_figure, row.units, places=UNIT_PLACES)
    if units is not None and row.gone:
        message = f"{name} has units, and is ticked as no longer shown: clear one of them"
        errors.append(FieldError(f"row-{row.number}-units", message))
    if len(errors) > before:
        return None
    return Position(row.number, name, symbol_of.get(as_named(name)), units)
