"""
Money that moved without a trade, read from its form.

Pure. One error per bad field, each naming the accepted form.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from confirm_app.forms.fields import NOTES_LENGTH_MAX, Doubt, FieldError, read_field, read_past
from confirm_app.forms.figures import parse_figure, parse_key, parse_text

# Kind -> the sign its amount enters the ledger with.
MOVEMENTS = {"deposit": 1, "withdrawal": -1, "fee": -1, "interest": 1}


@dataclass(frozen=True)
class CashMovement:
    """Money that entered or left the account; amount_gbp carries the sign."""

    kind: str
    amount_gbp: Decimal
    occurred_at: datetime
    notes: str
    idempotency_key: str

    def request(self, portfolio_id: str, person: str, waived: Sequence[Doubt] = ()) -> str:
        """Return the JSON desk.record_cash_movement takes."""
        return json.dumps(
            {
                "portfolio_id": portfolio_id,
                "kind": self.kind,
                "amount_gbp": str(self.amount_gbp),
                "occurred_at": self.occurred_at.isoformat(),
                "person": person,
                "notes": self.notes,
                "doubts_waived": [doubt.as_json() for doubt in waived],
                "idempotency_key": self.idempotency_key,
            }
        )


@dataclass(frozen=True)
class Reversal:
    """Why a movement that was booked by mistake is taken back out of the ledger."""

    notes: str
    idempotency_key: str

    def request(self, portfolio_id: str, movement_id: int, person: str) -> str:
        """Return the JSON desk.reverse_cash_movement takes."""
        return json.dumps(
            {
                "portfolio_id": portfolio_id,
                "movement_id": movement_id,
                "person": person,
                "notes": self.notes,
                "idempotency_key": self.idempotency_key,
            }
        )


def parse_reversal(fields: Mapping[str, str]) -> tuple[Reversal | None, tuple[FieldError, ...]]:
    """Return the reversal a form describes, or None and every error in it."""
    errors: list[FieldError] = []
    notes = read_field(
        errors,
        "notes",
        "The reason",
        parse_text,
        fields.get("notes", ""),
        length_max=NOTES_LENGTH_MAX,
        is_required=True,
    )
    key = read_field(errors, "key", "The one-time key", parse_key, fields.get("key", ""))
    return (None, tuple(errors)) if errors else (Reversal(notes, key), ())


def parse_cash_movement(
    fields: Mapping[str, str], now_at: datetime
) -> tuple[CashMovement | None, tuple[FieldError, ...]]:
    """Return the cash movement a form describes, or None and every error in it."""
    errors: list[FieldError] = []
    kind = fields.get("kind", "")
    if kind not in MOVEMENTS:
        errors.append(FieldError("kind", f"Choose what moved the money: {', '.join(MOVEMENTS)}"))
    amount_gbp = read_field(
        errors, "amount", "The amount", parse_figure, fields.get("amount", ""), places=2, currency="GBP"
    )
    occurred_at = read_past(fields, "The time it happened", now_at, errors)
    notes = read_field(
        errors, "notes", "The note", parse_text, fields.get("notes", ""), length_max=NOTES_LENGTH_MAX
    )
    key = read_field(errors, "key", "The one-time key", parse_key, fields.get("key", ""))
    if errors:
        return None, tuple(errors)
    return CashMovement(kind, MOVEMENTS[kind] * amount_gbp, occurred_at, notes, key), ()
