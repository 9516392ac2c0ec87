"""The page on data quality names every limit and outcome the desk has, and nothing that is gone."""

import re

import yaml

from trading_ops.db.connect import connect
from trading_ops.settings import PROJECT_ROOT

PAGE = (PROJECT_ROOT / "docs/DATA_QUALITY_RULES.md").read_text()


def _section(title: str) -> str:
    """Return the text under a heading of the second level."""
    return re.search(rf"^## {title}$(.*?)(?=^## |\Z)", PAGE, re.M | re.S).group(1)


def _first_cells(title: str) -> list[str]:
    """Return the names in the first column of the one table of a section."""
    return re.findall(r"^\| `(\w+)` \|", _section(title), re.M)


def _rows(desk, query: str) -> list[str]:
    with connect("desk_planner", desk) as connection:
        return [row["name"] for row in connection.execute(query).fetchall()]


def test_every_limit_of_the_policy_has_its_line_and_no_other_has():
    """The page follows config/policy.yml."""
    limits = yaml.safe_load((PROJECT_ROOT / "config/policy.yml").read_text())["data_quality"]
    assert len(limits) >= 9
    assert sorted(_first_cells("What the policy says")) == sorted(limits)


def test_every_outcome_of_a_load_has_its_line_and_no_other_has(desk):
    """The page follows the constraint of raw.load_results."""
    (constraint,) = _rows(
        desk,
        "select pg_get_constraintdef(oid) as name from pg_constraint"
        " where conrelid = 'raw.load_results'::regclass and pg_get_constraintdef(oid) like '%outcome = ANY%'",
    )
    outcomes = re.findall(r"'(\w+)'", constraint)
    assert len(outcomes) >= 10
    assert sorted(_first_cells("What the loader does with a symbol")) == sorted(outcomes)
