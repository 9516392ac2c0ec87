"""The form of a line: what it takes, every error at once, and never an exception."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confirm_app.tickets.confirmation_form import FILL_ROWS_MAX, OUTCOMES, parse_confirmation

KEY = "0123456789abcdef"
FILL = {
    "fill-1-units": "6.25",
    "fill-1-price": "100",
    "fill-1-value": "500.00",
    "fill-1-fee": "",
    "fill-1-date": "2026-06-15",
    "fill-1-time": "14:52",
    "fill-1-zone": "London",
}
DONE = {"outcome": "DONE", "key": KEY, "seen_version": "0", "fill_rows": "1", "notes": "", **FILL}
FIELDS = [*DONE, "fill-2-units", "amendment_reason"]


def errors_of(fields) -> dict[str, str]:
    confirmation, errors = parse_confirmation(fields)
    assert (confirmation is None) == bool(errors)
    return {error.field: error.message for error in errors}


def test_a_whole_form_becomes_exact_figures():
    """Decimal figures, the instant in UTC, an empty fee as zero; the request carries no float."""
    confirmation, errors = parse_confirmation(DONE)
    assert not errors
    [fill] = confirmation.fills
    assert (fill.units, fill.price_usd, fill.value_gbp, fill.fee_gbp) == (
        Decimal("6.25"),
        100,
        Decimal("500.00"),
        0,
    )
    assert fill.executed_at == datetime(2026, 6, 15, 13, 52, tzinfo=UTC)
    request = json.loads(confirmation.request("t", 1, "executor"))
    assert request["fills"][0]["value_gbp"] == "500.00"


def test_every_error_of_a_form_comes_at_once():
    """Three wrong fields are three messages, so nobody sends the form four times."""
    errors = errors_of(DONE | {"fill-1-units": "", "fill-1-value": "1.234,50", "fill-1-time": "noon"})
    assert set(errors) == {"fill-1-units", "fill-1-value", "fill-1-time"}


@pytest.mark.parametrize("outcome", ["DONE", "PARTIAL"])
def test_executed_without_a_fill_is_refused(outcome):
    """DONE says something was executed, so its figures are needed."""
    blank = {name: "" for name in FILL} | {"fill-1-date": "2026-06-15", "fill-1-zone": "London"}
    assert set(errors_of(DONE | blank | {"outcome": outcome})) == {
        "fill-1-units",
        "fill-1-price",
        "fill-1-value",
        "fill-1-time",
    }


@pytest.mark.parametrize("outcome", ["SKIPPED", "FAILED"])
def test_not_executed_with_figures_is_refused(outcome):
    """Skipped with figures contradicts itself; which one is true is for the person to say."""
    assert "nothing was executed" in errors_of(DONE | {"outcome": outcome})["outcome"]
    assert not errors_of({"outcome": outcome, "key": KEY, "seen_version": "0"})


def test_an_unknown_outcome_is_refused():
    """No outcome, and one the desk does not know, are the same mistake."""
    for outcome in ("", "done", "DONE ", "EXECUTED"):
        assert "outcome" in errors_of(DONE | {"outcome": outcome})


def test_an_empty_extra_fill_row_counts_for_nothing():
    """The page offers a second row; leaving it empty is no error, filling it makes a second fill."""
    second = {name.replace("1", "2", 1): text for name, text in FILL.items()}
    assert len(parse_confirmation(DONE | {"fill_rows": "2"})[0].fills) == 1
    assert len(parse_confirmation(DONE | {"fill_rows": "2"} | second)[0].fills) == 2
    assert "fill-2-price" in errors_of(DONE | {"fill_rows": "2"} | second | {"fill-2-price": ""})


def test_a_correction_needs_its_reason():
    """The version a person saw decides whether the form is a correction."""
    assert "amendment_reason" in errors_of(DONE | {"seen_version": "1"})
    assert not errors_of(DONE | {"seen_version": "1", "amendment_reason": "wrong row"})


@pytest.mark.parametrize("rows", ["0", "-1", "9999999", "²", "x", ""])
def test_a_tampered_row_count_is_harmless(rows):
    """The count of rows is limited whatever the form says."""
    confirmation, errors = parse_confirmation(DONE | {"fill_rows": rows})
    assert confirmation and not errors
    assert len(confirmation.fills) <= FILL_ROWS_MAX


@given(st.dictionaries(st.sampled_from(FIELDS), st.text()), st.sampled_from(["", *OUTCOMES]))
def test_no_form_makes_the_parser_fail(fields, outcome):
    """Any text in any field gives a confirmation or errors with field and message."""
    confirmation, errors = parse_confirmation({**DONE, "outcome": outcome} | fields)
    assert (confirmation is None) == bool(errors)
    assert all(error.field and error.message for error in errors)


@given(
    st.decimals("0.00000001", "999999", places=8),
    st.decimals("0.01", "999999", places=6),
    st.decimals("0.01", "999999999", places=2),
)
def test_figures_reach_the_database_exactly_as_typed(units, price, value):
    """Text in, text out: no figure passes through a float."""
    form = DONE | {"fill-1-units": f"{units:f}", "fill-1-price": f"{price:f}", "fill-1-value": f"{value:,f}"}
    request = json.loads(parse_confirmation(form)[0].request("t", 1, "p"), parse_float=None)
    [fill] = request["fills"]
    assert (Decimal(fill["units"]), Decimal(fill["price_usd"]), Decimal(fill["value_gbp"])) == (
        units,
        price,
        value,
    )
