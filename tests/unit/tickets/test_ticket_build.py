"""What a ticket says, and what makes it a NO-TRADE."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.tickets import records
from trading_ops.plan.decision import Decision
from trading_ops.plan.gates import GATES
from trading_ops.plan.reasons import Reason
from trading_ops.tickets.build import (
    TicketLine,
    build_ticket,
    canonical_json,
    content_sha256,
    label_of,
    skip_price_usd,
    skip_rule,
)

PRICES = st.decimals(min_value="0.0101", max_value="99999", places=6)


def built(record=None, **options):
    """Build on Saturday morning."""
    return build_ticket(record or records.record(), **{"now_at": records.SATURDAY_AT, **options})


def checks(ticket) -> list[tuple[str, str]]:
    """Return (source, check_name) of each reason."""
    return [(reason.source, reason.check_name) for reason in ticket.reasons]


def line(side: str, limit: Decimal) -> TicketLine:
    """A line with a price limit."""
    one = Decimal(1)
    return TicketLine(1, side, "ALDR", "Alder Instruments", one, one, False, limit, limit, one)


@given(st.sampled_from(["BUY", "SELL"]), PRICES)
def test_the_printed_skip_price_is_never_looser_than_the_stored_limit(side, limit):
    """A buy limit of 103.009 reads $103.00 and a sell limit of 121.24418 reads $121.25."""
    printed = skip_price_usd(line(side, limit))
    assert printed <= limit if side == "BUY" else printed >= limit
    assert abs(printed - limit) < (Decimal("0.01") if limit >= 1 else Decimal("0.0001"))


@pytest.mark.parametrize(
    ("side", "limit", "words"),
    [
        ("BUY", "103.009", "Skip if the price is above $103.00"),
        ("SELL", "121.24418", "Skip if the price is below $121.25"),
        ("BUY", "1234.5", "Skip if the price is above $1,234.50"),
        ("BUY", "0.123456", "Skip if the price is above $0.1234"),
    ],
)
def test_the_skip_rule_is_an_absolute_price(side, limit, words):
    """No per cent to work out in front of a screen."""
    assert skip_rule(line(side, Decimal(limit))) == words


def test_the_scale_of_a_number_does_not_change_the_hash():
    """100 and 100.000 are one price, whichever the database hands back."""
    orders = [
        replace(order, reference_price_usd=order.reference_price_usd + Decimal("0.0000"))
        for order in records.ORDERS
    ]
    assert content_sha256(canonical_json(built())) == content_sha256(
        canonical_json(built(records.record(orders=orders)))
    )


def test_the_json_holds_every_decimal_as_text():
    """A reader that parses JSON numbers as floats cannot lose a penny."""

    def numbers(node):
        if isinstance(node, dict):
            return [number for value in node.values() for number in numbers(value)]
        if isinstance(node, list):
            return [number for value in node for number in numbers(value)]
        return [node] if isinstance(node, int | float) and not isinstance(node, bool) else []

    found = numbers(json.loads(canonical_json(built())))
    assert len(found) >= 6
    assert all(isinstance(number, int) for number in found)


def test_lines_keep_the_order_of_their_numbers():
    """However the rows arrive."""
    ticket = built(records.record(orders=tuple(reversed(records.ORDERS))))
    assert [(line.line_number, line.side) for line in ticket.lines] == [(1, "SELL"), (2, "SELL"), (3, "BUY")]


def test_a_buy_before_a_sell_is_no_ticket():
    """The buy would be placed with money that is not there yet."""
    orders = [records.order(1, "ALDR", "BUY", "10.00"), records.order(2, "BRCH", "SELL", "10.00")]
    assert checks(built(records.record(orders=orders))) == [("orders", "sell_before_buy")]


@pytest.mark.parametrize("gate", GATES)
def test_a_gate_that_is_missing_blocks(gate):
    """No data, no reconcile, no confirm, no trade."""
    gates = [records.gate_row(other) for other in GATES if other != gate]
    ticket = built(records.record(gates=gates))
    assert (ticket.kind, ticket.lines, checks(ticket)) == ("NO-TRADE", (), [(gate, "judged")])


def test_a_gate_that_failed_without_saying_why_blocks():
    """An unexplained FAIL is still a FAIL."""
    gates = [{**records.gate_row(gate), "status": "FAIL" if gate == "risk" else "PASS"} for gate in GATES]
    assert checks(built(records.record(gates=gates))) == [("risk", "judged")]


@pytest.mark.parametrize("is_clear", [None, "true", 1])
def test_a_check_that_is_not_plainly_clear_is_named(is_clear):
    """Only true is true."""
    gates = [records.gate_row(gate) for gate in GATES[:-1]]
    gates.append(
        {"gate": "risk", "status": "FAIL", "checks": [{"check_name": "turnover", "is_clear": is_clear}]}
    )
    assert checks(built(records.record(gates=gates))) == [("risk", "turnover")]


def test_the_riskguards_own_words_are_added_once():
    """The gate in SQL and the check in Python found the same; the ticket says it once, without the sum."""
    gates = [records.gate_row(gate) for gate in GATES[:-1]] + [
        records.gate_row(
            "risk", riskguard_agrees=("the riskguard objects", "Read it."), turnover=("40 %", "Sell less.")
        )
    ]
    found = [
        records.riskguard_check("turnover", False, "40 %", "Sell less."),
        records.riskguard_check("cash_buffer", False, "1 %", "Buy less."),
        records.riskguard_check("long_only", True, "clear", ""),
    ]
    ticket = built(records.record(gates=gates, risk_checks=found))
    assert checks(ticket) == [("risk", "turnover"), ("risk", "cash_buffer")]
    follows = [reason.check_name for cause in ticket.reasons for reason in cause.follows]
    assert follows == ["riskguard_agrees"]


def test_a_refused_decision_blocks_even_when_every_gate_passed():
    """Its own words are the reason."""
    reason = Reason("orders", "trades_needed", "nothing to trade", "Nothing.")
    assert built(records.record(decision=Decision(False, (reason,)))).reasons == (reason,)


def test_a_refusal_without_a_reason_is_no_trade():
    """Postgres stores none such; a ticket built from one still sends nobody trading."""
    assert built(records.record(decision=Decision(False, ()))).kind == "NO-TRADE"


def test_a_step_that_broke_is_told_once():
    """The decision knew of size_orders and what came after it; issue_ticket knows of a later one as well."""
    cause = Reason("step", "size_orders", "It broke.", "Mend it.", (Reason("step", "decide", "So.", "-"),))
    record = records.record(decision=Decision(False, (cause,)))
    ticket = built(record, failed_steps=["size_orders", "decide", "store_scores"])
    assert checks(ticket) == [("step", "store_scores"), ("step", "size_orders")]


def test_the_window_closes_at_its_last_second():
    """One second before is a TRADE, the second itself is not."""
    closes_at = records.run_row()["window_close_at"]
    assert built(now_at=closes_at - timedelta(seconds=1)).kind == "TRADE"
    assert checks(built(now_at=closes_at)) == [("window", "window_open")]


def test_a_reason_over_several_lines_becomes_one():
    """A log excerpt cannot break the list it stands in."""
    gates = [records.gate_row(gate) for gate in GATES[:-1]] + [
        records.gate_row("risk", turnover=("a\n\n# b", "c\td"))
    ]
    assert built(records.record(gates=gates)).reasons == (Reason("risk", "turnover", "a # b", "c d"),)


@pytest.mark.parametrize(
    ("kind", "environment", "label"),
    [
        ("simulated", "simulated", "SIMULATED"),
        ("simulated", "production", "SIMULATED"),
        ("live", "simulated", "SIMULATED"),
        ("paper", "production", "PAPER"),
        ("live", "production", ""),
    ],
)
def test_only_the_live_portfolio_in_real_time_carries_no_label(kind, environment, label):
    """Nobody can mistake a rehearsal for the real thing."""
    assert label_of(kind, environment) == label
