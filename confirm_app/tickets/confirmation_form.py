"""
The form of one ticket line: raw fields in, a frozen confirmation or errors per field out.

Pure. Every error names its field and the accepted form, and all errors of a form come at once,
so nobody corrects the same form five times.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from confirm_app.forms.fields import NOTES_LENGTH_MAX, Doubt, FieldError, read_field
from confirm_app.forms.figures import UNIT_PLACES, parse_figure, parse_instant, parse_key, parse_text

OUTCOMES = ("DONE", "PARTIAL", "SKIPPED", "FAILED")
FILL_ROWS_MAX = 20
_FIGURES = {
    "units": ("Units", {"places": UNIT_PLACES}),
    "price": ("Price", {"places": 6, "currency": "USD"}),
    "value": ("Value", {"places": 2, "currency": "GBP"}),
    "fee": ("Fee", {"places": 2, "currency": "GBP", "allow_zero": True}),
}


@dataclass(frozen=True)
class Fill:
    """One execution as the broker shows it."""

    units: Decimal
    price_usd: Decimal
    value_gbp: Decimal
    fee_gbp: Decimal
    executed_at: datetime


@dataclass(frozen=True)
class Confirmation:
    """
    How a line ended, as the form says it.

    `is_untradable` says of a FAILED line that the broker does not offer the stock itself;
    `seen_version` is the version the person had before them.
    """

    status: str
    fills: tuple[Fill, ...]
    notes: str
    amendment_reason: str
    idempotency_key: str
    seen_version: int
    is_untradable: bool = False

    def request(self, ticket_id: str, line_number: int, person: str, waived: Sequence[Doubt] = ()) -> str:
        """Return the JSON desk.record_confirmation takes; figures travel as text, never as floats."""
        return json.dumps(
            {
                "ticket_id": ticket_id,
                "line_number": line_number,
                "status": self.status,
                "notes": self.notes,
                "amendment_reason": self.amendment_reason,
                "person": person,
                "idempotency_key": self.idempotency_key,
                "seen_version": self.seen_version,
                "doubts_waived": [doubt.as_json() for doubt in waived],
                "is_untradable": self.is_untradable,
                "fills": [
                    {
                        "units": str(fill.units),
                        "price_usd": str(fill.price_usd),
                        "value_gbp": str(fill.value_gbp),
                        "fee_gbp": str(fill.fee_gbp),
                        "executed_at": fill.executed_at.isoformat(),
                    }
                    for fill in self.fills
                ],
            }
        )


def fill_rows(fields: Mapping[str, str]) -> int:
    """Return how many fill rows a form shows: at least one, and never more than the limit."""
    text = fields.get("fill_rows", "1")
    rows = int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else 1
    return max(1, min(rows, FILL_ROWS_MAX))


def parse_confirmation(fields: Mapping[str, str]) -> tuple[Confirmation | None, tuple[FieldError, ...]]:
    """Return the confirmation a form describes, or None and every error in it."""
    errors: list[FieldError] = []
    status = fields.get("outcome", "")
    if status not in OUTCOMES:
        errors.append(FieldError("outcome", "Choose how the line ended: done, partly, skipped or failed"))
    rows = range(1, fill_rows(fields) + 1)
    typed_rows = [row for row in rows if _is_typed(fields, row)]
    fills: list[Fill] = []
    if status in ("DONE", "PARTIAL"):
        for row in typed_rows or [1]:
            fill = _parse_fill(fields, row, errors)
            if fill:
                fills.append(fill)
    elif status in ("SKIPPED", "FAILED") and typed_rows:
        errors.append(
            FieldError(
                "outcome",
                f"{status} means nothing was executed, but figures are filled in: "
                "clear them, or choose Partly",
            )
        )
    is_untradable = fields.get("untradable") == "yes"
    if is_untradable and status in OUTCOMES and status != "FAILED":
        errors.append(
            FieldError(
                "untradable",
                f"{status} is not for a stock that eToro does not offer: untick this, or choose Failed",
            )
        )
    notes = read_field(
        errors, "notes", "The note", parse_text, fields.get("notes", ""), length_max=NOTES_LENGTH_MAX
    )
    seen_version = _seen_version(fields.get("seen_version", "0"), errors)
    reason = read_field(
        errors,
        "amendment_reason",
        "The reason for the correction",
        parse_text,
        fields.get("amendment_reason", ""),
        length_max=NOTES_LENGTH_MAX,
        is_required=bool(seen_version),
    )
    key = read_field(errors, "key", "The one-time key", parse_key, fields.get("key", ""))
    if errors:
        return None, tuple(errors)
    return (
        Confirmation(
            status=status,
            fills=tuple(fills),
            notes=notes,
            amendment_reason=reason if seen_version else "",
            idempotency_key=key,
            seen_version=seen_version,
            is_untradable=is_untradable,
        ),
        (),
    )


def _is_typed(fields: Mapping[str, str], row: int) -> bool:
    # Date and clock are filled in by the page, so they do not count as typed.
    return any(fields.get(f"fill-{row}-{name}", "").strip() for name in (*_FIGURES, "time"))


def _parse_fill(fields: Mapping[str, str], row: int, errors: list[FieldError]) -> Fill | None:
    before = len(errors)
    figures = {}
    for name, (label, accepted) in _FIGURES.items():
        field = f"fill-{row}-{name}"
        text = fields.get(field, "")
        if name == "fee" and not text.strip():
            text = "0"
        figures[name] = read_field(errors, field, label, parse_figure, text, **accepted)
    at = [fields.get(f"fill-{row}-{name}", "") for name in ("date", "time", "zone")]
    executed_at = read_field(errors, f"fill-{row}-time", "The execution time", parse_instant, *at)
    if len(errors) > before:
        return None
    return Fill(figures["units"], figures["price"], figures["value"], figures["fee"], executed_at)


def _seen_version(text: str, errors: list[FieldError]) -> int:
    if text.isascii() and text.isdecimal() and len(text) < 6:
        return int(text)
    errors.append(FieldError("outcome", "The form is damaged: open the page again and send it from there"))
    return 0
