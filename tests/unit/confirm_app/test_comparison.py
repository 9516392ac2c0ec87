"""A recorded snapshot beside the books, in words a person acts on."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from confirm_app.account.comparison import Compared, gate_sentence
from trading_ops.tickets.owed import Owed

AT = datetime(2026, 6, 20, 8, 0, tzinfo=UTC)


def compared(subject: str, shown: str, booked: str, tolerance: str | None = "0.0125", is_known: bool = True):
    """Return a row as Postgres judges it."""
    drift = abs(Decimal(shown) - Decimal(booked))
    tolerated = Decimal(tolerance) if tolerance else None
    return Compared(
        subject,
        subject == "CASH",
        is_known,
        Decimal(shown),
        Decimal(booked),
        tolerated,
        bool(tolerance) and drift <= tolerated,
    )


CASH = compared("CASH", "9500.00", "9500.00", "19.00")
ALDR = compared("ALDR", "6.25", "6.25")


@pytest.mark.parametrize(
    ("row", "drift", "verdict"),
    [
        (ALDR, "0", "agrees"),
        (compared("ALDR", "6.26", "6.25"), "+0.01", "agrees: eToro shows 0.01 more, 0.0125 is tolerated"),
        (compared("ALDR", "6.2", "6.25"), "-0.05", "differs: eToro shows 0.05 less, 0.0125 is tolerated"),
        (compared("ALDR", "0", "6.25"), "-6.25", "differs: the books have it, and eToro does not show it"),
        (compared("ALDR", "6.25", "0"), "+6.25", "differs: eToro shows it, and the books do not have it"),
        (compared("ALDR", "6.25", "6"), "+0.25", "differs: eToro shows 0.25 more, 0.0125 is tolerated"),
        (compared("ALDR", "6.25", "6", None), "+0.25", "differs: eToro shows 0.25 more, unknown is tolerated"),
        (compared("X & Y", "1", "1", is_known=False), "0", "not in the universe: nobody can say what it is"),
        (
            compared("CASH", "9000.00", "9500.00", "19.00"),
            "-£500.00",
            "differs: eToro shows £500.00 less, £19.00 is tolerated",
        ),
        (compared("CASH", "0", "9500.00", "19"), "-£9,500.00",
         "differs: eToro shows £9,500.00 less, £19.00 is tolerated"),
    ],
)  # fmt: skip
def test_each_row_has_a_verdict_in_words(row, drift, verdict):
    """Both figures and the tolerance that decides, cash in pounds and stocks in shares."""
    assert (row.drift, row.verdict) == (drift, verdict)
    assert row.is_clear == verdict.startswith("agrees")


def owed(step: str, words: str) -> Owed:
    """Return something a person owes the books."""
    return Owed("executor", step, "x", words, AT, AT)


def test_one_sentence_says_what_the_gate_will_say():
    """It passes, it blocks over named figures, or it blocks although all of them agree."""
    short = compared("CASH", "9000.00", "9500.00", "19.00")
    odd = compared("XYZQ", "1", "0")
    assert gate_sentence([CASH, ALDR], []) == (
        "The gate reconciliation will let the next plan pass: cash and 1 position agree. "
        "It looks again when more is booked."
    )
    assert "cash and no position on either side agree" in gate_sentence([CASH], [])
    assert gate_sentence([short, ALDR], []).endswith("block the next plan: cash does not agree.")
    assert gate_sentence([short, ALDR, odd], []).endswith("block the next plan: cash and XYZQ do not agree.")
    assert gate_sentence(
        [short, compared("ALDR", "1", "6"), odd], [owed("reconcile", "find it: x")]
    ).endswith("block the next plan: cash, ALDR and XYZQ do not agree.")
    for step, words, why in (
        ("confirm", "record line 2 of t", "record line 2 of t"),
        ("snapshot", "type in what eToro shows: the books have moved since", "the books have moved since"),
    ):
        assert gate_sentence([CASH, ALDR], [owed(step, words)]) == (
            f"The gate reconciliation will block the next plan, although cash and 1 position agree: {why}."
        )
