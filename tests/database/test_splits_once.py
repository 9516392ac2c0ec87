"""One split moves a holding once, whatever days are given for it, and not before its day."""

import json
from datetime import date

import psycopg
import pytest

from tests.database.planning import table
from tests.database.test_splits import EX_DATE, add_split, buy, positions, said, split_week, take
from trading_ops.db.connect import connect, queries

NEXT_DAY = date(2026, 6, 18)


def settle(desk, ex_date: date, shares: str | None = "4:1", symbol: str = "AAA") -> None:
    """Give an operator's word, as the page does."""
    new_shares, old_shares = map(int, shares.split(":")) if shares else (None, None)
    request = {
        "portfolio_id": "demo", "person": "operator", "symbol": symbol, "ex_date": ex_date.isoformat(), "notes": "n",
        "belief": "believed" if shares else "withdrawn", "new_shares": new_shares, "old_shares": old_shares,
    }  # fmt: skip
    with connect("desk_app", desk) as connection:
        queries.ledger.settle_split(connection, request=json.dumps(request))


def test_what_an_operator_settled_is_not_believed_again_under_another_day(desk):
    """The operator gave the day the units changed on the screen, the vendor the day before."""
    buy(desk)
    run = split_week(desk)
    settle(desk, NEXT_DAY)
    assert take(desk, run, said()) == []
    assert positions(desk) == {"AAA": 40}


def test_an_operator_s_word_takes_the_place_of_a_run_s_of_the_days_around(desk):
    """Forty stay forty, on the operator's day, and both words are told."""
    buy(desk)
    take(desk, split_week(desk), said())
    settle(desk, NEXT_DAY)
    assert positions(desk) == {"AAA": 40}
    with connect("desk_planner", desk) as connection:
        told = list(queries.ledger.splits(connection, portfolio_id="demo"))
    assert [(row["ex_date"], row["belief"]) for row in told] == [
        (NEXT_DAY, "believed"),
        (EX_DATE, "withdrawn"),
    ]


def test_a_doubt_is_over_once_its_split_is_settled_under_another_day(desk):
    """The vendor's own word is doubted no more, and its incident ends."""
    buy(desk)
    take(desk, split_week(desk), said(belief="doubted"))
    settle(desk, NEXT_DAY)
    [incident] = [row for row in table(desk, "incidents") if row["code"] == "SPLIT_DOUBTED"]
    with connect("desk_planner", desk) as connection:
        is_over = "select desk.is_incident_over(%s) as is_over"
        assert connection.execute(is_over, (incident["incident_id"],)).fetchone()["is_over"]


def test_what_an_operator_refused_is_not_believed_the_day_after(desk):
    """A spin-off told as a split is none under another day."""
    buy(desk)
    run = split_week(desk)
    settle(desk, EX_DATE, None)
    add_split(desk, "AAA.V", NEXT_DAY, "4", key="moved")
    assert take(desk, run, said(NEXT_DAY)) == []
    assert positions(desk) == {"AAA": 10}


def test_no_run_believes_one_split_twice_within_a_week(desk):
    """A vendor told it once; whoever hands it in under two days is refused."""
    buy(desk)
    run = split_week(desk)
    with pytest.raises(psycopg.errors.CheckViolation, match="splits once a week") as refused:
        take(desk, run, said(), said(NEXT_DAY))
    assert refused.value.diag.constraint_name == "split_counts_once"
    take(desk, run, said())
    with pytest.raises(psycopg.errors.CheckViolation, match="splits once a week"):
        take(desk, run, said(NEXT_DAY))
    assert positions(desk) == {"AAA": 40}


def test_no_split_moves_units_before_its_day(desk):
    """What is announced for tomorrow is settled tomorrow."""
    buy(desk)
    run = split_week(desk, ex_date=date(2026, 6, 21))
    with pytest.raises(psycopg.errors.CheckViolation, match="2026-06-21 is still to come") as refused:
        settle(desk, date(2026, 6, 21))
    assert refused.value.diag.constraint_name == "split_in_time"
    with pytest.raises(psycopg.errors.CheckViolation, match="split_in_time"):
        take(desk, run, said(date(2026, 6, 21)))
    assert positions(desk) == {"AAA": 10}
