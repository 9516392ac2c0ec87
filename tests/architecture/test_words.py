"""One word, one idea: a class has its name to itself, and the glossary says where each word lives."""

import ast
import re
from collections import defaultdict

import pytest

from tests.architecture.modules import modules, tracked_files, tree_of
from trading_ops.comms.incident_codes import CODES
from trading_ops.config.policy import Policy
from trading_ops.settings import PROJECT_ROOT

GLOSSARY = (PROJECT_ROOT / "docs/GLOSSARY.md").read_text()
# Only what turns the verdicts of a gate into its result judges.
JUDGES = {"trading_ops.plan.steps", "trading_ops_airflow.tasks.plan"}


def rows() -> list[tuple[str, str]]:
    """Return (word, where it lives) of each row of the glossary."""
    found = re.findall(r"^\| (?!word \||-)([^|]+) \| [^|]+ \| ([^|]+) \|$", GLOSSARY, re.M)
    assert len(found) > 60
    assert len(found) == len(re.findall(r"^\|", GLOSSARY, re.M)) - 2, "a row has not three cells"
    return found


def defined_names() -> list[tuple[str, ast.AST]]:
    """Return every class and function of the project with the module it is in."""
    return [
        (module, node)
        for module, path in modules().items()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def relations() -> dict[str, str]:
    """Return what defines each table and view, by schema and name: its SQL, and for dbt's its yml as well."""
    found: dict[str, str] = defaultdict(str)
    for path in tracked_files():
        text = (PROJECT_ROOT / path).read_text() if path.endswith((".sql", ".yml")) else ""
        if "db/migrations/" in path:
            for name, body in re.findall(
                r"(?:create (?:table|view)|alter table|create or replace view) (\w+\.\w+)(.*?);\n", text, re.S
            ):
                found[name] += body
        elif path.startswith("dbt_project/models/"):
            schema = path.split("/")[2]
            if path.endswith(".sql"):
                found[f"{schema}.{path.split('/')[-1][:-4]}"] += text
    assert len(found) > 60
    return found


def exists(place: str) -> bool:
    """Say whether a file, folder, relation, column, function, limit of the policy or incident is there."""
    if "/" in place:
        return any(path.endswith(f"/{place}") or f"/{place}" in f"/{path}" for path in tracked_files())
    if place in CODES:
        return True
    schema, _, name = place.partition(".")
    if schema in Policy.model_fields:
        return name in Policy.model_fields[schema].annotation.model_fields
    relation, _, column = name.partition(".")
    if not column and re.search(rf"create or replace function {place}\(|create function {place}\(", _sql()):
        return True
    body = relations().get(f"{schema}.{relation}")
    return body is not None and (not column or re.search(rf"\b{column}\b", body) is not None)


def _sql() -> str:
    return "\n".join(
        (PROJECT_ROOT / path).read_text() for path in tracked_files() if "db/migrations/sql" in path
    )


def test_no_two_classes_share_a_name():
    """What is called the same is taken for the same, by people and by a search."""
    homes = defaultdict(list)
    for module, node in defined_names():
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            homes[node.name].append(module)
    assert len(homes) > 100
    assert not {name: places for name, places in homes.items() if len(places) > 1}


def test_only_a_gate_is_judged():
    """The word says that the database decides; whatever else looks at something has a word of its own."""
    named = {module for module, node in defined_names() if re.search("judg", node.name, re.I)}
    assert named == JUDGES
    assert not [name for name in modules() if "judg" in name]


def test_there_is_one_kind_of_template():
    """A second one would show a missing name as nothing, or a vendor's text as HTML."""
    making = re.compile(r"\bEnvironment\(|jinja2")
    inside = [name for name in modules() if name.startswith(("trading_ops", "confirm_app"))]
    assert {name for name in inside if making.search(modules()[name].read_text())} == {
        "trading_ops.wording.templates"
    }


def test_figures_are_worded_in_one_place():
    """Pounds, dollars and the two clocks read the same on page, mail, report and ticket."""
    own = re.compile(r"[£$]\{|,\.2f\}|strftime|:%[AaBb]|:%Y-%m-%d %H")
    inside = [name for name in modules() if name.startswith(("trading_ops", "confirm_app"))]
    assert {name for name in inside if own.search(modules()[name].read_text())} == {
        "trading_ops.wording.figures",
        "trading_ops.wording.instants",
    }


def test_every_word_has_one_row():
    """Two rows of one word are two ideas under one name."""
    words = [word.strip() for cell, _ in rows() for word in cell.split(",")]
    assert sorted(words) == sorted(set(words))


@pytest.mark.parametrize(
    ("word", "place"), [(w, p) for w, cell in rows() for p in re.findall(r"`([^`]+)`", cell)]
)
def test_every_place_of_the_glossary_exists(word, place):
    """A file by the end of its path, a relation, column or function by the SQL that makes it."""
    assert exists(place)


def test_every_word_lives_somewhere():
    """A word without a place is a wish."""
    assert not [word for word, cell in rows() if "`" not in cell]
