"""
An operator's word on a split, read from its form. Pure.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from confirm_app.forms.fields import NOTES_LENGTH_MAX, FieldError, read_field
from confirm_app.forms.figures import FigureError, parse_text

_SHARES_MAX = 1_000_000


@dataclass(frozen=True)
class SettledSplit:
    """So many new shares for old ones from a day on; no shares where it was no split."""

    symbol: str
    ex_date: date
    new_shares: int | None
    old_shares: int | None
    notes: str

    def request(self, portfolio_id: str, person: str) -> str:
        """Return the JSON desk.settle_split takes."""
        return json.dumps(
            {
                "portfolio_id": portfolio_id,
                "person": person,
                "symbol": self.symbol,
                "ex_date": self.ex_date.isoformat(),
                "belief": "believed" if self.new_shares else "withdrawn",
                "new_shares": self.new_shares,
                "old_shares": self.old_shares,
                "notes": self.notes,
            }
        )


def parse_split(fields: Mapping[str, str]) -> tuple[SettledSplit | None, tuple[FieldError, ...]]:
    """Return what a form says of a split, or None and every error in it."""
    errors: list[FieldError] = []
    if fields.get("belief") not in ("believed", "withdrawn"):
        errors.append(FieldError("belief", "Choose whether the company split its shares"))
    symbol = fields.get("symbol", "").strip().upper()
    if not symbol:
        errors.append(FieldError("symbol", "The stock is missing: write its symbol"))
    ex_date = read_field(errors, "ex_date", "The day", _day, fields.get("ex_date", ""))
    shares: list[int | None] = [None, None]
    if fields.get("belief") == "believed":
        shares = [
            read_field(errors, name, label, _shares, fields.get(name, ""))
            for name, label in (("new_shares", "The new shares"), ("old_shares", "The old shares"))
        ]
        if None not in shares and shares[0] == shares[1]:
            errors.append(FieldError("new_shares", "As many new shares as old ones are no split"))
    notes = read_field(
        errors,
        "notes",
        "The reason",
        parse_text,
        fields.get("notes", ""),
        length_max=NOTES_LENGTH_MAX,
        is_required=True,
    )
    return (None, tuple(errors)) if errors else (SettledSplit(symbol, ex_date, *shares, notes), ())


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise FigureError("needs a date such as 2026-06-15 (year-month-day)") from None


def _shares(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,6}", text.strip()) or int(text) > _SHARES_MAX:
        raise FigureError("needs a whole number, as the company says it: 4 and 1 for four for one")
    return int(text)
