"""
Newest means of this run or this portfolio: what is asked about one book is answered from its rows alone.

Every query, view and function of the desk that reads rows of books is asked twice: with one book in the
database, and with two more, one newer and one older. What looks over all books is named with its reason.
"""

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from tests.database import rows, two_books
from trading_ops.db.connect import queries

OVER_ALL_BOOKS = {
    "comms.given_up": "one outbox serves the desk",
    "comms.late_mails": "one outbox serves the desk",
    "comms.pending_mails": "one outbox serves the desk",
    "page.is_recorded": "a key is one form's, in whichever book",
    "imported_fills.portfolios": "lists each portfolio of imported fills with its own",
    "export.published_run_ids": "there is one publication, and whoever asks looks for its own run in it",
    "incidents.over": "an incident is the desk's, and ends by the run it names",
    "models.comparisons_are_built": "asks for the table, not for its rows",
    "runs.run_by_key": "a key is one run's, in whichever book",
    "universe.disabled_for_missing_bars_since": "a symbol is switched off for the desk",
    "universe.untradable_lines": "a symbol is switched off for the desk",
    "desk.unreconciled": "a halt stops every book, so its release asks all of them",
}
# No row of the one book answers these; what they are made of answers by itself.
ANSWERS_NOTHING = {
    "page.drawdown_to_review": "desk.newest_drawdown says why there is none",
    "desk.rate_objections": "rates are the desk's, and the run is asked for by name",
    "desk.readiness_objections": "of a live run alone",
    "desk.expected_dividends": "of a vendor of the policy; tests/database/test_drift_explained.py asks with one",
    "page.expected_dividends": "as above",
    "ledger.overdue_dividends": "as above",
}
FUNCTIONS = """
select
    'desk.' || proname as name, provolatile = 'v' as is_writer,
    coalesce(proargnames[1:pronargs - pronargdefaults], '{}') as words,
    coalesce(pg_get_function_sqlbody(oid), prosrc) as body
from pg_proc where pronamespace = 'desk'::regnamespace and prokind = 'f'
"""
# The other words of a question. Whatever the answer to them is, it has to stay the same.
OTHER_WORDS = {
    "as_of_date": rows.AS_OF_DATE,
    "first_date": rows.AS_OF_DATE,
    "plan_week": rows.PLAN_WEEK,
    "kind": "plan",
    "gate": "risk",
    "method": "qlib",
    "model_version": two_books.MODEL,
    "known_days_count": 10,
    "mail_way": "file",
    "mail_addresses": "[]",
    "incident": "NO_TICKET:demo:2026-W25",
}
FAR_AT = rows.SATURDAY_AT + timedelta(weeks=52)


class Book:
    """The one book of a database, as a superuser sees it: what can be asked about it, and in which words."""

    def __init__(self, connection: psycopg.Connection) -> None:
        """Make the marts, and read the catalogue and the names of the book's rows."""
        self.connection = connection
        self.tables = two_books.own_tables(connection)
        self.views = two_books.own_views(connection, self.tables)
        self.marts = two_books.make_marts(connection)
        self.functions = {row["name"]: row for row in connection.execute(FUNCTIONS)}
        self.own = self.tables | self.views | self.marts
        while (
            more := {name for name, row in self.functions.items() if two_books.reads(row["body"], self.own)}
            - self.own
        ):
            self.own |= more
        self.names = {
            key: [row[key] for row in connection.execute(f"select {key} from {table} order by 1")]
            for key, table in two_books.KEYS.items()
        }
        assert all(self.names.values())

    def is_asked(self, text: str) -> bool:
        """Whether SQL reads rows of books and writes nothing."""
        writers = {name for name, row in self.functions.items() if row["is_writer"]}
        return (
            two_books.reads(text, self.own)
            and bool(re.match(r"\s*(select|with)\b", text))
            and not two_books.reads(text, writers)
            and "advisory" not in text
        )

    def questions(self) -> dict[str, tuple[str, list[str]]]:
        """Return the SQL and the words of every query and function that is asked about a book, by name."""
        found = {
            f"{room}.{name}": (query.sql, query.parameters)
            for room, space in vars(queries).items()
            for name in space.available_queries
            if self.is_asked((query := getattr(space, name)).sql) and not name.endswith("_cursor")
        }
        for name, row in self.functions.items():
            if name in self.own and not row["is_writer"]:
                words = ", ".join(f"%({word})s" for word in row["words"])
                found[name] = (f"select * from {name}({words}) as answer", row["words"])
        return found

    def answers(self, text: str, words: list[str]) -> list[Any]:
        """Ask once for every name of the book that a question may be about."""
        choices = [self._choices(word) for word in words]
        return [
            self.connection.execute(text, dict(zip(words, chosen, strict=True))).fetchall()
            for chosen in itertools.product(*choices)
        ]

    def _choices(self, word: str) -> list[Any]:
        if key := key_of(word):
            return self.names[key]
        return [FAR_AT if word.endswith(("_at", "_before")) or word == "at" else OTHER_WORDS.get(word)]


def key_of(word: str) -> str | None:
    """Return which key of a book a word of a question is: asked_portfolio_id is a portfolio_id."""
    return max((key for key in two_books.KEYS if word.endswith(key)), key=len, default=None)


@pytest.fixture
def book(desk) -> Iterator[Book]:
    """A book with a row in every table and mart, and a plan that is under way."""
    two_books.fill(desk)
    with rows.superuser(desk) as connection:
        yield Book(connection)


def test_whoever_asks_about_a_book_is_answered_from_its_rows(book):
    """Other books change no answer; what is asked about none of them is named, with its reason."""
    questions = book.questions()
    about_none = {name for name, (_, words) in questions.items() if not any(map(key_of, words))}
    assert about_none - OVER_ALL_BOOKS.keys() == OVER_ALL_BOOKS.keys() - about_none == set()
    asked = {name: question for name, question in questions.items() if name not in about_none}
    assert len(asked) > 80
    alone = {name: book.answers(*question) for name, question in asked.items()}
    assert {name for name, answers in alone.items() if not any(answers)} == ANSWERS_NOTHING.keys()
    two_books.add_twins(book.connection, book.tables | book.marts | two_books.DESKS_OWN)
    changed = {name for name, question in asked.items() if book.answers(*question) != alone[name]}
    assert changed == set()


def test_a_view_shows_a_books_rows_unchanged_beside_other_books(book):
    """Also what it numbers, sums or picks."""

    def shown() -> dict[str, Counter]:
        return {
            view: Counter(map(str, book.connection.execute(f"select * from {view}").fetchall()))
            for view in book.views
        }

    alone = shown()
    two_books.add_twins(book.connection, book.tables | two_books.DESKS_OWN)
    beside = shown()
    assert {view for view in alone if alone[view] - beside[view]} == set()


def test_what_writes_picks_the_newest_of_one_book(book):
    """A statement of a writing function or a trigger that picks a row of a book says of which."""
    pick = re.compile(r"\bdesc\b|\blimit \d|\bmax\(|\bmin\(|distinct on|row_number", re.I)
    key = rf"\w*(?:{'|'.join(two_books.KEYS)})"
    of_one = re.compile(rf"\b{key}\s*=|=\s*(?:\w+\.)?{key}\b")
    picks = [
        (name, statement)
        for name, row in book.functions.items()
        if row["is_writer"]
        for statement in row["body"].split(";")
        if two_books.reads(statement, book.own) and pick.search(statement)
    ]
    assert len(picks) >= 5
    assert {name for name, statement in picks if not of_one.search(statement)} == set()


@pytest.mark.parametrize("view", ["entries", "positions_now", "lots"])
def test_the_entries_of_one_book_are_told_without_replaying_the_others(desk, view):
    """A filter on the book chooses its portfolio before entries are counted."""
    asked = f"explain (format json) select * from desk.{view} where portfolio_id = 'demo'"
    with rows.superuser(desk) as connection:
        [row] = connection.execute(asked).fetchall()
    waiting, conditions = [row["QUERY PLAN"][0]["Plan"]], []
    while waiting:
        node = waiting.pop()
        waiting += node.get("Plans", [])
        if node.get("Relation Name") == "portfolios":
            conditions.append(node.get("Index Cond") or node.get("Filter"))
    assert conditions == ["(portfolio_id = 'demo'::text)"]
