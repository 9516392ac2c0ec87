"""Statements by the command line and from the folder that the weekly reconciliation reads."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.conftest import at_a_shell
from tests.database import rows
from tests.database.test_line_proofs import AT, END, MADE_AT, START, account, fill
from tests.database.test_statements import select
from tests.unit.statements.made_account import MadeAccount
from trading_ops.cli.main import main
from trading_ops.db.connect import connect
from trading_ops.statements.inbox import import_folder

COUNT = "select count(*) from desk.statements"


@pytest.fixture
def shell(desk, monkeypatch, tmp_path):
    """A desk with a confirmed line, at its command line; and a statement that disputes the line."""
    at_a_shell(monkeypatch, desk)
    rows.set_clock(desk, rows.SATURDAY_AT)
    ticket_id = rows.add_trade_ticket(desk, ("ALDR",), frozen_at=rows.SATURDAY_AT)
    rows.set_clock(desk, MADE_AT)
    rows.confirm_line(desk, ticket_id, 1, "DONE", [fill("5.5")])
    made = account()
    number = made.buy(AT, "ALDR/USD", "500.00", "5", "Alder Instruments")
    made.dividend(AT + timedelta(hours=5), number, "1.20", "0.51")
    (tmp_path / "statement.xlsx").write_bytes(made.export(START, END, MADE_AT))
    return desk


def test_a_check_tells_all_and_stores_nothing(shell, capsys, tmp_path):
    """Whose it is, of when, which rows, four roll-forwards."""
    assert main(["statement", "check", str(tmp_path / "statement.xlsx")]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Account aperson (A. Person), in USD.",
        "From 2026-06-01 00:00 UTC to 2026-06-15 23:59 UTC, made 2026-06-16 08:00 UTC.",
        "3 rows of activity: 1 deposit, 1 opened, 1 dividend.",
        "0 closed positions, 0 of them parts under a number of their own.",
        "Realised equity holds over 3 rows.",
        "Cash balance holds over 3 rows.",
        "Units per position holds over 1 row.",
        "Summary totals holds over 12 rows.",
        "Nothing is stored. It can be imported.",
    ]
    assert select(shell, COUNT) == [(0,)]


def test_an_import_says_what_is_proven_disputed_and_unbooked(shell, capsys, tmp_path):
    """Once by its operator; the same again is the same statement."""
    for _ in range(2):
        assert main(["statement", "import", str(tmp_path / "statement.xlsx"), "--person", "operator"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[: len(said) // 2] == said[len(said) // 2 :]
    assert said[1].startswith(
        "statement 1: 2026-06-01 00:00 UTC to 2026-06-15 23:59 UTC, 4 rows, 4 of them new"
    )
    assert said[2:4] == [
        "DISPUTED  1 line",
        "  demo-2026-W25-1 line 1, BUY ALDR: the units differ (claimed 5.5 units, eToro has 5; -50.00 USD), 0 days old",
    ]
    assert said[4:6] == ["unbooked  1 row", "  2026-06-15 18:55 UTC: dividend ALDR/USD, +1.20 USD"]
    assert main(["statement"]) == 0
    assert capsys.readouterr().out.splitlines() == said[1:6]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("none.xlsx", "No such file or directory"),
        (".", "Is a directory"),
        ("text.xlsx", "a text or CSV file"),
    ],
)
def test_what_is_no_statement_is_one_line(shell, capsys, tmp_path, name, said):
    """Where, what was expected, what was found; a link is not followed either."""
    (tmp_path / "text.xlsx").write_text("a,b")
    for action in (["check"], ["import", "--person", "operator"]):
        assert main(["statement", action[0], str(tmp_path / name), *action[1:]]) == 1
        error = capsys.readouterr().err.splitlines()[-1]
        assert error.startswith(f"trading-ops statement {action[0]}: ") and said in error
    (tmp_path / "link.xlsx").symlink_to(tmp_path / "statement.xlsx")
    assert main(["statement", "check", str(tmp_path / "link.xlsx")]) == 1


def test_a_statement_that_would_be_refused_is_told_at_the_check(shell, capsys, tmp_path):
    """Of another account, and one that does not agree with itself."""
    main(["statement", "import", str(tmp_path / "statement.xlsx"), "--person", "operator"])
    other = MadeAccount(username="bperson")
    other.deposit(AT, "1.00")
    other.deposit(AT, "2.00")
    other.rows[1]["balance"] += Decimal("0.01")
    (tmp_path / "other.xlsx").write_bytes(other.export(START, END, MADE_AT))
    capsys.readouterr()
    assert main(["statement", "check", str(tmp_path / "other.xlsx")]) == 1
    said = capsys.readouterr().out
    assert "Cash balance BREAKS at sheet 'Account Activity', row 3: expected 3.00; found 3.01." in said
    assert "It is not of this book: the statements of this book are of the account aperson" in said
    assert said.endswith("It would be refused.\n")
    assert main(["statement", "import", str(tmp_path / "other.xlsx"), "--person", "operator"]) == 1


def test_the_folder_is_imported_once_and_what_is_refused_stays_told(shell, tmp_path):
    """A good one, a bad one and one of another account: the good one is kept, whatever lies beside it."""
    folder = tmp_path / "statements"
    with connect("desk_planner", shell) as connection:
        assert import_folder(connection, shell.portfolio_id, folder).kept == []
        folder.mkdir()
        (folder / "b.xlsx").write_bytes((tmp_path / "statement.xlsx").read_bytes())
        (folder / "a.xlsx").write_text("a,b")
        other = MadeAccount(username="bperson")
        other.deposit(AT, "1.00")
        (folder / "c.xlsx").write_bytes(other.export(START, END, MADE_AT))
        (folder / "notes.txt").write_text("x")
        first = import_folder(connection, shell.portfolio_id, folder)
        assert first.kept == ["b.xlsx: statement 1"]
        assert [one.split(":")[0] for one in first.refused] == ["a.xlsx", "c.xlsx"]
        assert "of the account aperson" in first.refused[1]
        second = import_folder(connection, shell.portfolio_id, folder)
        assert (second.kept, second.refused) == ([], first.refused)
    assert select(shell, "select person from desk.statements") == [("desk",)]
