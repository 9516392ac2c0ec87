"""What happened to the account, as its form tells it: legs of the right sign, or every mistake."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from confirm_app.account.event_form import Leg, parse_event

NOW_AT = datetime(2026, 6, 16, 12, tzinfo=UTC)
NAMES = {"AAA": "AAA", "AAA INC": "AAA", "BBB": "BBB"}


def form(kind: str, **fields) -> dict[str, str]:
    """A form about AAA on Tuesday morning."""
    return {
        "kind": kind, "symbol": "aaa  Inc", "notes": "the notice", "date": "2026-06-16", "time": "10:00", "zone": "London",
        "key": "a" * 32,
    } | fields  # fmt: skip


def leg(symbol: str | None = "AAA", **figures) -> Leg:
    """A leg of plain figures."""
    return Leg(symbol, **{name: Decimal(text) for name, text in figures.items()})


@pytest.mark.parametrize(
    ("fields", "legs"),
    [
        (
            form("trade", units_out="4", cash="330.50", fee="1.50"),
            (leg(units="-4", cash_gbp="330.50", fee_gbp="1.50"),),
        ),
        (form("trade", units_in="4", cash="330.50"), (leg(units="4", cash_gbp="-330.50"),)),
        (
            form("dividend", cash="7.05", withheld="3.02", dollars="$9.00"),
            (leg(cash_gbp="7.05", withheld_gbp="3.02", amount_usd="9.00"),),
        ),
        (form("cash_in_lieu", units_out=".4", cash="31"), (leg(units="-0.4", cash_gbp="31.0"),)),
        (
            form("spin_off", new_symbol="BBB", units_in="5", cost="90"),
            (leg(cost_gbp="-90.0"), leg("BBB", units="5.0", cost_gbp="90.0")),
        ),
        (form("merger", units_out="10", cash="900"), (leg(units="-10", cash_gbp="900"),)),
        (
            form("merger", units_out="10", cash="100", new_symbol="bbb", units_in="7"),
            (leg(units="-10", cash_gbp="100"), leg("BBB", units="7")),
        ),
        (
            form("exchange", units_out="10", new_symbol="BBB", units_in="10"),
            (leg(units="-10"), leg("BBB", units="10")),
        ),
        (form("delisting", units_out="10"), (leg(units="-10"),)),
        (form("transfer", units_in="3", cost="240"), (leg(units="3", cost_gbp="240"),)),
        (form("air_drop", units_in="1", cost="12.10"), (leg(units="1", cost_gbp="12.10"),)),
        (form("fx_conversion", symbol="", cash="-0.45"), (leg(None, cash_gbp="-0.45"),)),
        (form("correction", units_out="0.00000001"), (leg(units="-0.00000001"),)),
    ],
)
def test_each_kind_becomes_its_legs(fields, legs):
    """Written as a person writes them, without a sign where the kind has one."""
    event, errors = parse_event(fields, NOW_AT, NAMES)
    assert errors == ()
    assert event.legs == legs and event.notes == "the notice"


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        (form("split", units_in="3"), {"kind"}),
        (form("trade", symbol="zzz", units_in="3", cash="1"), {"symbol"}),
        (form("trade", symbol="", units_in="3", cash="1"), {"symbol"}),
        (form("trade", units_in="3,205", cash="1"), {"units_in"}),
        (form("trade", units_in="0,125", cash="-1"), {"units_in", "cash"}),
        (form("trade", units_in="3", cash="$1"), {"cash"}),
        (form("dividend", cash="1", units_in="3", cost="4"), {"units_in", "cost"}),
        (form("merger", units_out="1", units_in="3"), {"new_symbol"}),
        (form("correction", cash="1", notes=" ", date="2026-06-17"), {"notes", "time"}),
        (form("correction", cash="1", document="d" * 201, key="x"), {"document", "key"}),
    ],
)
def test_every_mistake_is_told_beside_its_field(fields, wrong):
    """All of them at once; what a kind has not must be empty."""
    event, errors = parse_event(fields, NOW_AT, NAMES)
    assert event is None and {error.field for error in errors} == wrong
