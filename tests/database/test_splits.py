"""Splits in the ledger: derived from the entries as they stand, believed as they were told."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import psycopg
import pytest

from tests.conftest import at_a_shell
from tests.database import rows
from tests.database.ledger_model import book_fills, issue_trades
from tests.database.planning import freeze_plan, on_saturday, table
from trading_ops.cli.main import main
from trading_ops.db.connect import connect, queries
from trading_ops.ledger.splits import believe_splits

BOUGHT_AT = datetime(2026, 6, 15, 14, tzinfo=UTC)
EX_DATE = date(2026, 6, 17)
SOLD_AT = datetime(2026, 6, 22, 14, tzinfo=UTC)


def add_split(desk, symbol: str, ex_date: date, ratio: str, key: str = "splits") -> None:
    """Load one split as a vendor reports it."""
    load_id = rows.add_load(desk, key)
    with connect("desk_loader", desk) as connection:
        connection.execute(
            "insert into raw.corporate_actions (load_id, source, vendor_symbol, ex_date, kind, value)"
            " values (%s, 'simulated', %s, %s, 'split', %s)",
            (load_id, symbol, ex_date, Decimal(ratio)),
        )


def said(ex_date: date = EX_DATE, shares: str = "4:1", belief: str = "believed", symbol: str = "AAA") -> dict:
    """A row of marts.splits_found."""
    new_shares, old_shares = map(int, shares.split(":"))
    return {
        "symbol": symbol, "ex_date": ex_date, "belief": belief, "new_shares": new_shares, "old_shares": old_shares,
        "reason": "the price says so",
    }  # fmt: skip


def take(desk, run, *splits: dict) -> list[str]:
    """Let a run believe splits, as the daily task does."""
    with connect("desk_planner", desk) as connection:
        return believe_splits(connection, splits, run.run_id)


def positions(desk) -> dict[str, Decimal]:
    """What the ledger says is held."""
    with connect("desk_planner", desk) as connection:
        found = connection.execute("select internal_symbol, units from desk.positions_now where units <> 0")
        return {row["internal_symbol"]: row["units"] for row in found.fetchall()}


def buy(desk, units: str = "10", bought_at: datetime = BOUGHT_AT) -> str:
    """Give a book its first ticket, and buy AAA on its Monday."""
    ticket_id = issue_trades(desk, freeze_plan(on_saturday(desk)), [("AAA", "BUY")])
    rows.set_clock(desk, bought_at)
    book_fills(desk, ticket_id, 1, [(units, bought_at)])
    return ticket_id


def split_week(desk, ratio: str = "4", ex_date: date = EX_DATE):
    """Load a split of AAA and freeze the week's run, which knows it."""
    add_split(desk, "AAA.V", ex_date, ratio)
    rows.set_clock(desk, datetime(2026, 6, 20, 8, 0, tzinfo=UTC))
    return freeze_plan(desk, as_of_date=date(2026, 6, 18), key="weekly_plan:2")


def test_a_split_of_a_holding_moves_its_units_and_is_told_once(desk):
    """Ten bought on Monday are forty; the same word again is nothing new, and a later run says it in vain."""
    buy(desk)
    run = split_week(desk)
    assert take(desk, run, said()) == ["believed: AAA 4:1 on 2026-06-17 (the price says so)"]
    assert take(desk, run, said()) == []
    assert positions(desk) == {"AAA": 40}


@pytest.mark.parametrize(
    ("units", "ratio", "shares", "held"),
    [
        ("8", "0.125", "1:8", "1"),
        ("0.1", "1.5", "3:2", "0.15"),
        ("57", "0.083333", "1:12", "4.75"),
        ("9", "0.888889", "8:9", "8"),
        ("10", "0.333333", "1:3", "3.33333333"),
    ],
)
def test_the_company_s_fraction_counts_and_not_the_vendor_s_rounding(desk, units, ratio, shares, held):
    """Whole where it is whole, rounded down to the eighth decimal where it is endless."""
    buy(desk, units)
    take(desk, split_week(desk, ratio), said(shares=shares))
    assert positions(desk) == {"AAA": Decimal(held)}


@pytest.mark.parametrize(("bought_at", "held"), [("03:59:59", 40), ("04:00:00", 10)])
def test_only_what_was_held_before_the_ex_date_is_split(desk, bought_at, held):
    """New York's midnight decides: what is bought on the ex-date are new shares already."""
    buy(desk, "10", datetime.fromisoformat(f"2026-06-17 {bought_at}+00:00"))
    take(desk, split_week(desk), said())
    assert positions(desk) == {"AAA": held}


def test_a_fill_that_is_amended_after_its_split_is_split_as_it_stands(desk):
    """Ten, split four for one: amended to twelve they are 48 and not 42, skipped none and not 30."""
    ticket_id = buy(desk)
    take(desk, split_week(desk), said())
    book_fills(desk, ticket_id, 1, [("12", BOUGHT_AT)], reason="misread", key="twelve")
    assert positions(desk) == {"AAA": 48}
    book_fills(desk, ticket_id, 1, [], reason="never done", key="none")
    assert positions(desk) == {}


def test_a_fill_confirmed_late_is_split_too(desk):
    """It was bought before the ex-date, and nobody said so until the split was believed."""
    ticket_id = issue_trades(desk, freeze_plan(on_saturday(desk)), [("AAA", "BUY"), ("BBB", "BUY")])
    rows.set_clock(desk, BOUGHT_AT)
    book_fills(desk, ticket_id, 2, [("1", BOUGHT_AT)])
    take(desk, split_week(desk), said())
    book_fills(desk, ticket_id, 1, [("15", BOUGHT_AT)])
    assert positions(desk) == {"AAA": 60, "BBB": 1}


def test_a_split_moved_corrected_or_withdrawn_moves_the_units_with_it(desk):
    """Each word is a row of its own; what was known before is known as it was then."""
    buy(desk)
    run = split_week(desk)
    take(desk, run, said())
    known_at = table(desk, "split_findings")[0]["created_at"]
    add_split(desk, "AAA.V", EX_DATE, "2", key="corrected")
    rows.set_clock(desk, datetime(2026, 6, 23, 8, 0, tzinfo=UTC))
    later = freeze_plan(desk, kind="daily", as_of_date=date(2026, 6, 22), key="daily:1")
    take(desk, later, said(shares="2:1"))
    assert positions(desk) == {"AAA": 20}
    take(desk, later, said(belief="withdrawn"), said(date(2026, 6, 18)))
    assert positions(desk) == {"AAA": 40}
    take(desk, later, said(date(2026, 6, 18), belief="withdrawn"))
    assert positions(desk) == {"AAA": 10}
    with connect("desk_planner", desk) as connection:
        then = connection.execute(
            "select sum(units_delta) as units from desk.entries_known('demo', %s, %s)", (known_at, known_at)
        )
        assert then.fetchone()["units"] == 40
    assert [row["belief"] for row in table(desk, "split_findings")] == [
        "believed", "believed", "withdrawn", "believed", "withdrawn",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "untold",
    [
        said(shares="3:1"),
        said(symbol="BBB"),
        said(date(2026, 6, 25)),
        said(shares="1253:1000"),
    ],
)
def test_no_run_believes_a_split_that_no_vendor_told(desk, untold):
    """Another ratio, stock or week than a vendor's, or one no company announces: whoever hands it in."""
    buy(desk)
    run = split_week(desk)
    add_split(desk, "BBB.V", EX_DATE, "1.253", key="a spin-off")
    with pytest.raises(psycopg.errors.CheckViolation, match="no vendor told this split") as refused:
        take(desk, run, untold)
    assert refused.value.diag.constraint_name == "split_is_told"


def test_a_full_sale_leaves_exactly_zero_and_says_by_how_much(desk):
    """What eToro shows may be off by the tolerance of reconciliation; more than that is not there to sell."""
    buy(desk, "10.0005")
    rows.set_clock(desk, datetime(2026, 6, 20, 8, 0, tzinfo=UTC))
    run = freeze_plan(desk, as_of_date=date(2026, 6, 18), key="weekly_plan:2")
    ticket_id = issue_trades(desk, run, [("AAA", "SELL")])
    rows.set_clock(desk, SOLD_AT)
    with pytest.raises(psycopg.errors.CheckViolation, match="more AAA units sold than the ledger holds"):
        book_fills(desk, ticket_id, 1, [("10.03", SOLD_AT)], key="too many")
    book_fills(desk, ticket_id, 1, [("10.01", SOLD_AT)])
    assert positions(desk) == {}
    [rounding] = [row for row in table(desk, "entries") if row["kind"] == "rounding"]
    assert (rounding["units_delta"], rounding["happened_at"]) == (Decimal("0.0095"), SOLD_AT)
    book_fills(desk, ticket_id, 1, [("9.9", SOLD_AT)], reason="misread", key="amended")
    assert positions(desk) == {"AAA": Decimal("0.1005")}


def test_an_operator_has_the_last_word(desk, monkeypatch, capsys):
    """A doubted split is an incident until somebody settles it; what runs say after that changes nothing."""
    buy(desk)
    run = split_week(desk)
    take(desk, run, said(belief="doubted"))
    assert positions(desk) == {"AAA": 10}
    [incident] = [row for row in table(desk, "incidents") if row["code"] == "SPLIT_DOUBTED"]
    with connect("desk_planner", desk) as connection:
        is_over = "select desk.is_incident_over(%s) as is_over"
        assert not connection.execute(is_over, (incident["incident_id"],)).fetchone()["is_over"]
    at_a_shell(monkeypatch, desk)
    assert (
        main(["splits", "believe", "aaa", "2026-06-17", "four", "as announced", "--person", "operator"]) == 2
    )
    assert (
        main(["splits", "believe", "aaa", "2026-06-17", "4:1", "as announced", "--person", "executor"]) == 1
    )
    assert (
        main(["splits", "believe", "aaa", "2026-06-17", "4:1", "as announced", "--person", "operator"]) == 0
    )
    assert positions(desk) == {"AAA": 40}
    assert take(desk, run, said(belief="withdrawn")) == []
    with connect("desk_planner", desk) as connection:
        assert connection.execute(is_over, (incident["incident_id"],)).fetchone()["is_over"]
    capsys.readouterr()
    assert main(["splits"]) == 0
    assert "believed: AAA 4:1 on 2026-06-17 (as announced)" in capsys.readouterr().out
    assert main(["splits", "refuse", "AAA", "2026-06-17", "it was a spin-off", "--person", "operator"]) == 0
    assert positions(desk) == {"AAA": 10}


def test_whoever_settles_a_split_is_an_operator_of_a_book_that_held_it(desk):
    """Refused by Postgres, whoever calls."""
    buy(desk)
    request = {
        "portfolio_id": "demo", "person": "operator", "symbol": "ZZZ", "ex_date": "2026-06-17", "belief": "believed",
        "new_shares": 4, "old_shares": 1, "notes": "n",
    }  # fmt: skip
    for change, constraint in (
        ({}, "split_of_a_holding"),
        ({"person": "executor", "symbol": "AAA"}, "operator_books"),
    ):
        with connect("desk_app", desk) as connection, pytest.raises(psycopg.errors.CheckViolation) as refused:
            queries.ledger.settle_split(connection, request=json.dumps(request | change))
        assert refused.value.diag.constraint_name == constraint
