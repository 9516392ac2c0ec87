"""Every mart carries its identities: what must hold between its rows and those they were made of."""

import re
from pathlib import Path

import pytest

from tests.dbt import small_desk
from tests.dbt.small_desk import PROJECT, RUN_ID
from trading_ops.db.connect import connect

TESTS = {
    path.stem: path for folder in ("prices", "book") for path in (PROJECT / "tests" / folder).glob("*.sql")
}
BROKEN = re.findall(
    r"^-- (assert_\w+): (.+)\n((?:(?!--).+\n)+)",
    Path(__file__).with_name("broken_marts.sql").read_text(),
    re.M,
)


def identities(test: str) -> set[str]:
    """Return what a data test says must hold."""
    text = TESTS[test].read_text()
    found = re.findall(r"select\s+'((?:[^']|'')+)'(?: as identity)?,\s", text.split("compared as (", 1)[1])
    return {name.replace("''", "'") for name in found}


@pytest.mark.parametrize(
    ("test", "identity", "statement"), [pytest.param(*case, id=f"{case[0]}: {case[1]}") for case in BROKEN]
)
def test_a_mart_that_breaks_an_identity_is_seen(built, test, identity, statement):
    """The data test finds nothing on a sound desk, and names the identity once a row is another."""
    compiled = (
        built.target / "compiled/trading_ops/tests" / TESTS[test].relative_to(PROJECT / "tests")
    ).read_text()
    with connect("desk_dbt", built.desk) as connection, connection.transaction(force_rollback=True):
        assert connection.execute(compiled).fetchall() == []
        connection.execute(statement)
        assert identity in {row["identity"] for row in connection.execute(compiled).fetchall()}


def test_every_identity_of_every_mart_was_seen_to_break():
    """An identity nobody has seen red may be one that cannot be."""
    assert len(TESTS) >= 7
    assert {(test, name) for test in TESTS for name in identities(test)} == {case[:2] for case in BROKEN}
    marts = {path.stem for path in (PROJECT / "models/marts").rglob("*.sql")}
    assert marts == set(re.findall(r"\bmarts\.(\w+)", " ".join(statement for *_, statement in BROKEN)))


def test_every_data_test_runs_in_the_one_build_that_makes_what_it_reads(built):
    """In an earlier build it would read what another run left, and in none it guards nothing."""
    chosen = {}
    for selector in ("prices", "book", "gates"):
        options = ("--selector", selector, "--resource-type", "test", "--resource-type", "unit_test")
        done = small_desk.run_dbt(built.desk, built.target / selector, "ls", *options, run_id=RUN_ID)
        chosen[selector] = re.findall(r"^(?:unit_test:)?trading_ops\.\S+$", done.stdout, re.M)
    # What proves the SQL and not the data is paid for in no run; a blocked gate is no error of its build.
    assert not any(name.startswith("unit_test:") for names in chosen.values() for name in names)
    assert chosen["gates"] == []
    for selector in ("prices", "book"):
        names = [name.split(".")[-1] for name in chosen[selector]]
        assert set(names) >= {path.stem for path in (PROJECT / "tests" / selector).glob("*.sql")}
        other = {"prices": "book", "book": "prices"}[selector]
        assert not set(names) & {path.stem for path in (PROJECT / "tests" / other).glob("*.sql")}
