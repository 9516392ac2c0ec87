"""What Postgres refuses of a statement, whoever hands it in, and who may."""

import json
import threading
from decimal import Decimal

import psycopg
import pytest

from tests.database import rows
from tests.database.refused import refused_by
from tests.database.test_statements import DAY, YEAR, busy_account, keep, select
from tests.unit.statements.made_account import MadeAccount
from trading_ops.db.connect import connect
from trading_ops.statements.refusal import StatementRefused


@pytest.fixture
def book(desk):
    """A book on a Saturday in June."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    rows.add_portfolio(desk)
    return desk


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"username": "bperson"}, "of the account aperson"),
        ({"currency": "GBP"}, "are in USD, and this one is in GBP"),
    ],
)
def test_another_account_or_currency_is_refused_and_nothing_stored(book, other, said):
    """The book's first statement says whose it is."""
    keep(book, busy_account().export(*YEAR))
    made = MadeAccount(**other)
    made.deposit(DAY, "10.00")
    with pytest.raises(psycopg.errors.CheckViolation, match=said) as refused:
        keep(book, made.export(*YEAR))
    assert refused.value.diag.constraint_name == "statement_of_this_book"
    assert select(book, "select count(*) from desk.statements") == [(1,)]


def test_a_statement_that_does_not_agree_with_itself_is_not_kept(book):
    """One cent in one row: nothing is stored, and the row is named."""
    made = busy_account()
    made.rows[3]["balance"] += Decimal("0.01")
    with pytest.raises(StatementRefused, match=r"row 5.*cash balance"):
        keep(book, made.export(*YEAR))
    assert select(book, "select count(*) from desk.statement_rows") == [(0,)]


def test_only_an_operator_or_the_desk_itself_imports_and_the_log_says_who(book):
    """The inbox is read by the desk; the executor confirms lines and proves none."""
    content = busy_account().export(*YEAR)
    for person in ("executor", "nobody"):
        with refused_by("statement_of_this_book"):
            keep(book, content, person)
    keep(book, content, "desk")
    with connect("desk_reader", book) as connection:
        (row,) = connection.execute(
            "select person, subject, detail from desk.audit_log where action = 'record_statement'"
        ).fetchall()
    assert (row["person"], row["detail"]["rows_new_count"]) == ("desk", 20)


def test_a_forged_row_is_refused_by_postgres_as_well(book):
    """An unknown kind, a number that is none, a row with no time: by the function itself."""
    row = {
        "sheet": "activity", "row_number": 2, "kind": "deposit", "position_id": "", "happened_at": DAY.isoformat(),
        "occurrence": 1, "paper": "", "asset": "", "leverage": "1", "is_short": False, "isin": "", "amount": "1.00",
        "cash_delta": "1.00", "raw_cells": [],
    }  # fmt: skip
    whole = {
        "portfolio_id": book.portfolio_id, "person": "operator", "file_sha256": "0" * 64, "account_name": "A",
        "username": "a", "currency": "USD", "made_at": DAY.isoformat(), "starts_at": DAY.isoformat(), "ends_at": DAY.isoformat(),
    }  # fmt: skip
    for change in (
        {"kind": "cashback"}, {"amount": "NaN"}, {"amount": "1.005"}, {"happened_at": "-infinity"}, {"position_id": "2E9"},
        {"leverage": "0"}, {"raw_cells": None}, {"row_number": 1},
    ):  # fmt: skip
        with connect("desk_planner", book) as connection, pytest.raises(psycopg.IntegrityError):
            connection.execute(
                "select desk.record_statement(%s)", (json.dumps(whole | {"rows": [row | change]}),)
            )
    with connect("desk_planner", book) as connection:
        connection.execute("select desk.record_statement(%s)", (json.dumps(whole | {"rows": [row]}),))


def test_files_of_two_importers_at_once_are_kept_one_after_the_other(book):
    """The same file twice at the same time is one statement."""
    content = busy_account().export(*YEAR)
    numbers: list[int] = []
    threads = [threading.Thread(target=lambda: numbers.append(keep(book, content))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(numbers) == 4 and len(set(numbers)) == 1
