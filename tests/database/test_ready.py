"""`trading-ops ready` on what has to be done again, data and the policy, and what the desk has no way of."""

import dataclasses
from datetime import timedelta

import pytest

from tests.conftest import at_a_shell
from tests.database import rows
from trading_ops.db.connect import connect
from trading_ops.settings import PROJECT_ROOT
from trading_ops_stack.__main__ import VERBS, main
from trading_ops_stack.readiness import findings


@pytest.fixture
def saturday(desk, tmp_path):
    """A desk on the Saturday after Friday 12 June, with a policy and sources of its own."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    for name in ("policy.yml", "sources.yml"):
        (tmp_path / name).write_text((PROJECT_ROOT / "config" / name).read_text())
    return dataclasses.replace(desk, policy=tmp_path / "policy.yml", sources=tmp_path / "sources.yml")


def found(desk, word: str) -> tuple[str, str, str]:
    """The one line that speaks of something."""
    (line,) = [line for line in findings(desk) if word in line[1]]
    return line


@pytest.mark.parametrize(
    ("person", "day", "state"),
    [
        ("", "", "open"),
        ("operator", "2026-06-13", "ok"),
        ("operator", "2025-12-15", "ok"),
        ("operator", "2025-12-14", "open"),
        ("operator", "2026-06-14", "open"),
        ("", "2026-06-13", "open"),
    ],
)
def test_a_policy_is_read_again_from_time_to_time(saturday, person, day, state):
    """By a person, on a day that has been, not longer ago than the policy itself says."""
    text = saturday.policy.read_text().replace('person: ""', f'person: "{person}"')
    saturday.policy.write_text(text.replace('reviewed_date: ""', f"reviewed_date: {day or chr(34) * 2}"))
    said, what, how = found(saturday, "policy was reviewed")
    assert said == state and what.endswith(f"reviewed by {person} on {day}" if person else "reviewed")
    assert f"read {saturday.policy} and write who did and when under `review`" in how


def answer(desk, key: str, source: str, outcome: str) -> None:
    """Store what a source said of one symbol, now."""
    load_id = rows.add_load(desk, key)
    with connect("desk_loader", desk) as connection:
        connection.execute(
            "insert into raw.load_results (load_id, source, vendor_symbol, outcome) values (%s, %s, %s, %s)",
            (load_id, source, "ALDR", outcome),
        )


def test_the_sources_are_asked_for_the_newest_session(saturday):
    """Since it closed: what came for the one before proves nothing, nor does a refusal."""
    sources = saturday.sources.read_text().splitlines()
    order = "fetch_order: [tiingo, yahoo]"
    saturday.sources.write_text(
        "\n".join(order if line.startswith("fetch_order") else line for line in sources)
    )
    answer(saturday, "friday's", "tiingo", "unchanged")
    answer(saturday, "a file's", "stooq", "stored")
    assert found(saturday, "asked") == (
        "ok", "sources were asked since the session of 2026-06-12, and gave: tiingo 1", found(saturday, "asked")[2]
    )  # fmt: skip
    rows.set_clock(saturday, rows.SATURDAY_AT + timedelta(days=3))
    answer(saturday, "monday's", "yahoo", "blocked")
    state, what, how = found(saturday, "asked")
    assert (state, what) == ("open", "sources were asked since the session of 2026-06-15, and gave: yahoo 0")
    assert "trading-ops fetch" in how
    saturday.sources.write_text(
        "\n".join("fetch_order: []" if line.startswith("fetch_order") else line for line in sources)
    )
    assert not [what for _, what, _ in findings(saturday) if "asked" in what]


def test_what_the_desk_has_no_way_of_is_open_and_says_so(saturday):
    """Neither keeps it from trading, and neither is told as done."""
    assert [found(saturday, word)[0] for word in ("second factor", "restored as a drill")] == ["open", "open"]


def test_sources_that_cannot_be_read_are_one_sentence(saturday, monkeypatch, capsys):
    """As a policy is."""
    at_a_shell(monkeypatch, saturday)
    saturday.sources.write_text("fetch_order: nobody\n")
    assert main(["ready"], more=VERBS) == 1
    said = capsys.readouterr().err
    assert "trading-ops ready: " in said and "sources.yml:1: fetch_order" in said and "Traceback" not in said
