"""
What happened to an account beside ticket lines and plain cash, read from its form.

Pure. One error per bad field, each naming the accepted form; what an event of a kind must move and may not is
desk.event_objection's word.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from confirm_app.forms.fields import NOTES_LENGTH_MAX, Doubt, FieldError, read_field, read_past
from confirm_app.forms.figures import parse_figure, parse_key, parse_text
from trading_ops.universe.names import as_named

DOCUMENT_LENGTH_MAX = 200
# Kind -> what it is, and the fields it is told by.
KINDS = {
    "trade": ("a trade outside a ticket", ("units_out", "units_in", "cash", "fee")),
    "dividend": ("a dividend of one stock, after tax", ("cash", "withheld", "dollars")),
    "cash_in_lieu": ("cash for a fraction of a share", ("units_out", "cash", "dollars")),
    "spin_off": ("shares of a new company, out of an old one", ("new_symbol", "units_in", "cost", "cash")),
    "merger": (
        "shares taken over, for cash, for other shares or both",
        ("units_out", "new_symbol", "units_in", "cash", "dollars"),
    ),
    "exchange": ("shares exchanged, or a new name", ("units_out", "new_symbol", "units_in")),
    "delisting": ("shares that are gone", ("units_out", "cash")),
    "transfer": ("shares moved to or from another account", ("units_out", "units_in", "cost")),
    "air_drop": ("shares given by the broker", ("units_in", "cost")),
    "fx_conversion": ("what a conversion of currency cost", ("cash", "dollars")),
    "correction": ("anything else, of one stock or cash", ("units_out", "units_in", "cash")),
}
# Field -> its label, its decimals, and the sign of its currency.
_FIGURES = {
    "units_out": ("The units that went", 8, None),
    "units_in": ("The units that came", 8, None),
    "cash": ("The cash", 2, "GBP"),
    "fee": ("The fee", 2, "GBP"),
    "withheld": ("The tax withheld", 2, "GBP"),
    "cost": ("The cost", 2, "GBP"),
    "dollars": ("The dollars", 2, "USD"),
}
# What an address may fill in.
FIELDS = ("kind", "symbol", "new_symbol", "notes", "document", *_FIGURES)
_SIGNED = ("fx_conversion", "correction")
_NONE = Decimal(0)


@dataclass(frozen=True)
class Leg:
    """Units of one stock in or out, cash in or out, and the cost that goes with them."""

    symbol: str | None
    units: Decimal = _NONE
    cash_gbp: Decimal = _NONE
    fee_gbp: Decimal = _NONE
    withheld_gbp: Decimal = _NONE
    cost_gbp: Decimal = _NONE
    amount_usd: Decimal | None = None

    def as_request(self) -> dict[str, str | None]:
        """Return it as desk.record_event takes it."""
        return {name: None if value is None else str(value) for name, value in vars(self).items()}


@dataclass(frozen=True)
class LedgerEvent:
    """An event of one kind and its legs."""

    kind: str
    legs: tuple[Leg, ...]
    happened_at: datetime
    notes: str
    document: str
    idempotency_key: str

    def request(self, portfolio_id: str, person: str, waived: Sequence[Doubt] = ()) -> str:
        """Return the JSON desk.record_event takes."""
        return json.dumps(
            {
                "portfolio_id": portfolio_id,
                "kind": self.kind,
                "happened_at": self.happened_at.isoformat(),
                "person": person,
                "notes": self.notes,
                "document": self.document,
                "doubts_waived": [doubt.as_json() for doubt in waived],
                "idempotency_key": self.idempotency_key,
                "legs": [leg.as_request() for leg in self.legs],
            }
        )


def parse_event(
    fields: Mapping[str, str], now_at: datetime, symbol_of: Mapping[str, str]
) -> tuple[LedgerEvent | None, tuple[FieldError, ...]]:
    """
    Return the event a form describes, or None and every error in it.

    `symbol_of` has the instrument of each name a stock is told by, as names.as_named writes it. A field that
    the kind does not have must be empty.
    """
    errors: list[FieldError] = []
    kind = fields.get("kind", "")
    if kind not in KINDS:
        errors.append(FieldError("kind", f"Choose what happened: {', '.join(KINDS)}"))
    told = KINDS[kind][1] if kind in KINDS else tuple(_FIGURES)
    for name in ("new_symbol", *_FIGURES):
        if name not in told and fields.get(name, "").strip():
            errors.append(FieldError(name, f"A {kind} has none of this: leave it empty"))
    figures = {
        name: _figure(errors, fields, name, is_signed=name == "cash" and kind in _SIGNED)
        for name in _FIGURES
        if name in told and fields.get(name, "").strip()
    }
    needs_stock = kind != "fx_conversion" and not (kind == "correction" and "cash" in figures)
    symbol = _symbol(errors, fields, "symbol", symbol_of, needs_stock)
    new_symbol = None
    if "new_symbol" in told and (kind != "merger" or "units_in" in figures):
        new_symbol = _symbol(errors, fields, "new_symbol", symbol_of, True)
    happened_at = read_past(fields, "The time it happened", now_at, errors)
    texts = {
        name: read_field(
            errors, name, label, parse_text, fields.get(name, ""), length_max=length, is_required=required
        )
        for name, label, length, required in (
            ("notes", "The reason", NOTES_LENGTH_MAX, True),
            ("document", "The document", DOCUMENT_LENGTH_MAX, False),
        )
    }
    key = read_field(errors, "key", "The one-time key", parse_key, fields.get("key", ""))
    if errors:
        return None, tuple(errors)
    legs = _legs(kind, symbol, new_symbol, figures)
    return LedgerEvent(kind, legs, happened_at, texts["notes"], texts["document"], key), ()


def _figure(
    errors: list[FieldError], fields: Mapping[str, str], name: str, *, is_signed: bool
) -> Decimal | None:
    label, places, currency = _FIGURES[name]
    accepted = {"places": places, "currency": currency, "allow_negative": is_signed}
    return read_field(errors, name, label, parse_figure, fields[name], **accepted)


def _symbol(
    errors: list[FieldError],
    fields: Mapping[str, str],
    name: str,
    symbol_of: Mapping[str, str],
    is_needed: bool,
) -> str | None:
    text = as_named(fields.get(name, ""))
    if not text and not is_needed:
        return None
    symbol = symbol_of.get(text)
    if symbol is None:
        message = (
            "is missing: write its symbol"
            if not text
            else f"{text[:40]} is no stock the desk knows: check the spelling, or add it to universe.csv"
        )
        errors.append(FieldError(name, f"The stock {message}"))
    return symbol


def _legs(
    kind: str, symbol: str | None, new_symbol: str | None, figures: Mapping[str, Decimal]
) -> tuple[Leg, ...]:
    """Return the legs of an event: the old stock with the cash, and the new one."""
    came, went = figures.get("units_in", _NONE), figures.get("units_out", _NONE)
    cash_gbp, cost_gbp = figures.get("cash", _NONE), figures.get("cost", _NONE)
    if kind == "trade" and came:
        cash_gbp = -cash_gbp
    first = Leg(
        symbol,
        -went if new_symbol else came - went,
        cash_gbp,
        figures.get("fee", _NONE),
        figures.get("withheld", _NONE),
        -cost_gbp if kind == "spin_off" else cost_gbp,
        figures.get("dollars"),
    )
    legs = (first,) if first.units or first.cash_gbp or first.cost_gbp or not new_symbol else ()
    if new_symbol:
        legs += (Leg(new_symbol, came, cost_gbp=cost_gbp if kind == "spin_off" else _NONE),)
    return legs
