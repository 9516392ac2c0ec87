"""Each required check has one model, one page of documentation and its three cases, under one name."""

import re

import yaml

from tests.dbt.small_desk import PROJECT
from trading_ops.db.connect import connect

GATES = PROJECT / "models/gates"


def required_checks(desk) -> list[tuple[str, str]]:
    """Return the desk's fixed list of (gate, check)."""
    with connect("desk_planner", desk) as connection:
        found = connection.execute(
            "select gate, check_name from desk.required_checks order by 1, 2"
        ).fetchall()
    assert len(found) >= 26
    return [(row["gate"], row["check_name"]) for row in found]


def test_every_required_check_has_a_model_and_nothing_else_has(desk):
    """A check without a model is blocked for ever; a model without a check guards nothing."""
    expected = {f"{gate}/gate_{gate}_{check}.sql" for gate, check in required_checks(desk)}
    found = {str(path.relative_to(GATES)) for path in GATES.glob("*/*.sql")}
    assert found == expected
    union = (GATES / "gate_checks.sql").read_text()
    for gate, check in required_checks(desk):
        assert union.count(f"'{gate}_{check}'") == 1, check
        text = (GATES / gate / f"gate_{gate}_{check}.sql").read_text()
        assert re.search(rf"\bverdict\(\s*'{gate}', '{check}',", text), check


def test_every_check_answers_in_the_same_columns():
    """The columns of a verdict stand once, and every model of the gates has them and no other."""
    models = yaml.safe_load((GATES / "_gates__models.yml").read_text())["models"]
    assert {model["name"] for model in models} == {path.stem for path in GATES.rglob("*.sql")}
    assert len({id(model["columns"]) for model in models}) == 1


def test_every_check_has_a_clear_a_violated_and_a_missing_input_test(desk):
    """The third is the one that keeps a gate from passing over nothing."""
    for gate, check in required_checks(desk):
        text = yaml.safe_load((GATES / gate / f"gate_{gate}_{check}.yml").read_text())
        tests = text["unit_tests"]
        assert {test["model"] for test in tests} == {f"gate_{gate}_{check}"}
        for case, verdict in (("is_clear", True), ("is_violated", False), ("is_blocked", False)):
            of_case = [test for test in tests if test["name"].startswith(f"{check}_{case}")]
            assert of_case, f"{gate}.{check} has no test that {case}"
            for test in of_case:
                assert [row["is_clear"] for row in test["expect"]["rows"]] == [verdict], test["name"]


def test_every_check_says_what_it_asks_when_it_blocks_and_what_it_leaves_to_others(desk):
    """The header of a check is its documentation for the one who reads the SQL."""
    for gate, check in required_checks(desk):
        text = (GATES / gate / f"gate_{gate}_{check}.sql").read_text()
        header = [line for line in text.splitlines() if line.startswith("-- ")]
        sentences = re.split(r"(?<=[.?:]) ", " ".join(line.removeprefix("-- ") for line in header))
        assert "?" in sentences[0] + header[0], f"{check} opens with no question"
        assert len(header) >= 3, f"{check} says too little"


def test_nothing_depends_on_the_verdicts():
    """The enforcing test skips whatever hangs below it, so nothing may."""
    users = [
        path.name
        for path in (PROJECT / "models").rglob("*.sql")
        if re.search(r"ref\('gate_verdicts'\)", path.read_text())
    ]
    assert users == []


def test_no_check_warns():
    """Severity warn on something that guards money is a gate that is open."""
    for path in PROJECT.rglob("*.yml"):
        assert "severity: warn" not in path.read_text(), path
    for path in (PROJECT / "tests").rglob("*.sql"):
        assert not re.search(r"severity\s*=\s*'warn'", path.read_text()), path


def test_no_check_carries_a_limit_of_its_own():
    """
    Thresholds are rows of the policy: a gate compares with a limit_value it has read, or with none at all.
    """
    limits = set()
    for path in GATES.rglob("*.sql"):
        text = path.read_text()
        literals = re.findall(r"(?<![\w.'])\d+\.\d+(?![\w'])", re.sub(r"--.*|'[^']*'", "", text))
        assert literals == [], path.name
        assert "var(" not in text
        limits |= set(re.findall(r"\blimit='([^']*)'", text))
    # None at all is a count that must be 0, or something that must be there: 1.
    assert limits == {"0", "1", "jump_ratio_max", "tolerance_value"}
