"""Is it documented? Whatever a person can set, call, run or be told of, and nothing that is gone."""

import re
from functools import cache

import pytest

from tests.architecture import reference
from tests.architecture.modules import tracked_files
from trading_ops.comms.incident_codes import CODES
from trading_ops.comms.incident_manual import what_to_do
from trading_ops.plan.causes import FOLLOWS
from trading_ops.plan.gates import GATES
from trading_ops.settings import PROJECT_ROOT
from trading_ops.tickets.owed import left
from trading_ops_airflow.schedule import DAGS

PAGES = [name for name in tracked_files() if name.endswith(".md") and not name.startswith("tests/")]
INCIDENTS = (PROJECT_ROOT / "docs/INCIDENTS.md").read_text()
DATA_QUALITY = (PROJECT_ROOT / "docs/DATA_QUALITY_RULES.md").read_text()
RAISED = r'(?:raise|record)_incident\(\s*(?:connection,\s*)?"([A-Z_]+)"'


def text_of(page: str) -> str:
    """Return a page of the project."""
    return (PROJECT_ROOT / page).read_text()


def first_cells(rows) -> set[str]:
    """Return the names in the first column, without their quotes."""
    return {row[0].strip("`") for row in rows}


@cache
def anchors_of(page: str) -> set[str]:
    """Return where a link into a page can lead: its headings, as they are made into anchors."""
    headings = re.findall(r"^#+ (.+)$", text_of(page), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_reference_is_what_the_code_says():
    """Settings, make targets, verbs, DAGs, checks, codes; tests.architecture.reference writes it."""
    assert reference.PAGE.read_text() == reference.page()


def test_the_reference_leaves_nothing_out():
    """Every DAG has a file and every file a DAG; every check a gate asks has a question."""
    assert {dag.dag_id for dag in DAGS} == {path.stem for path in (PROJECT_ROOT / "dags").glob("*.py")}
    asked = {f"{gate}.{check}".replace("`", "") for gate, check, _ in reference.checks()}
    assert asked == {key for key in FOLLOWS if key.partition(".")[0] in GATES}
    assert len(list(reference.settings())) >= 27 and len(list(reference.verbs())) >= 23


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_tells_to_call_or_to_set_exists(page):
    """A command that is gone is worse than none."""
    text = text_of(page)
    verbs = first_cells(reference.verbs())
    nouns = {verb.rpartition(" ")[0] for verb in verbs}
    for called in re.findall(r"`[^`\n]*?(trading-ops [a-z-]+(?: [a-z]+)?)[^`\n]*`", text):
        known = called in verbs or called in nouns or called.rpartition(" ")[0] in verbs
        assert known, f"{page}: {called}"
    targets = first_cells(reference.targets())
    assert set(re.findall(r"[`(\n](make [a-z-]+)(?=[`\s])", text)) <= targets, page
    settings = first_cells(reference.settings())
    assert set(re.findall(r"TRADING_OPS_[A-Z_]+[A-Z]", text)) <= settings, page


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_somewhere(page):
    """To a file of the project, and to a heading that is in it."""
    folder = (PROJECT_ROOT / page).parent
    for link in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        if link.startswith("http"):
            continue
        path, _, anchor = link.partition("#")
        target = (folder / path).resolve() if path else PROJECT_ROOT / page
        assert target.exists(), f"{page}: {link}"
        assert not anchor or anchor in anchors_of(str(target.relative_to(PROJECT_ROOT))), f"{page}: {link}"


@pytest.mark.parametrize("page", PAGES)
def test_every_test_a_page_names_is_there(page):
    """By its file: what is said to be tried is tried somewhere."""
    files = {name.rpartition("/")[2] for name in tracked_files()}
    assert set(re.findall(r"\btest_\w+\.py\b", text_of(page))) <= files


def test_the_executors_page_says_what_the_screen_says():
    """What stands in italics, and what is bold within a line, is read word for word on the desk's page."""
    sources = [*(PROJECT_ROOT / "confirm_app/templates").glob("*.html")]
    sources.append(PROJECT_ROOT / "plugins/trading_ops/tickets/build.py")
    screen = " ".join([*(path.read_text() for path in sources), left(()), left(("one",))])
    # A choice of the template is shown as one of both; what else it fills in is no fixed word.
    screen = re.sub(r"\{\{ '([^']*)' if [^}]* else '([^']*)' \}\}", r"\1 / \2", screen)
    screen = re.sub(r"<[^>]+>", "", re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", screen)).casefold()
    page = re.sub(r"^\*\*[^*]+\*\*", "", text_of("docs/EXECUTION_WORKFLOW_1PAGER.md"), flags=re.M)
    shown = re.findall(r"(\*{1,2})([^*\n]+)\1", page)
    words = [phrase.rstrip("… £").casefold() for _, phrase in shown]
    assert len(words) > 15
    assert [phrase for phrase in words if phrase not in screen] == []


def test_every_incident_has_its_entry_with_four_parts():
    """What raised it, why it matters, what it looks like, what to do: each once, none empty."""
    entries = dict(re.findall(r"^### (\w+)\n(.*?)(?=^### |\Z)", INCIDENTS, re.M | re.S))
    assert sorted(entries) == sorted(CODES)
    for code, entry in entries.items():
        parts = re.findall(r"^- \*\*([\w ]+)\*\*: \S", entry, re.M)
        assert parts == ["Raised", "Why", "Looks like", "Do"], code
        told = what_to_do(code)
        # A phone shows it whole, and without the marks of a document.
        last = re.search(r"\*\*Do\*\*: (.*?)(?=\n\n|\Z)", entry, re.S)[1].split()[-1]
        assert told.endswith(re.sub("[`*]", "", last)) and not re.search(r"[`*]|\]\(|INCIDENTS", told), code
        assert len(told) <= 350, code


def test_every_code_that_is_raised_is_known():
    """A code that is written as text somewhere else would have no mail subject and no entry."""
    folders = [PROJECT_ROOT / "plugins" / name for name in ("trading_ops", "trading_ops_airflow")]
    raised = {
        code
        for folder in folders
        for path in folder.rglob("*.py")
        for code in re.findall(RAISED, path.read_text())
    }
    assert len(raised) >= 6
    assert raised <= set(CODES)


def test_every_check_of_the_data_has_its_entry_with_four_parts():
    """What it checks, why, what a block looks like, what to do: each once, none empty."""
    entries = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", DATA_QUALITY, re.M | re.S))
    gate = "data_quality."
    assert sorted(entries) == sorted(key.removeprefix(gate) for key in FOLLOWS if key.startswith(gate))
    for check, entry in entries.items():
        parts = re.findall(r"^- \*\*(\w+)\*\*: \S", entry, re.M)
        assert parts == ["Checks", "Why", "Blocked", "Do"], check


def test_a_fact_about_the_broker_is_confirmed_by_somebody_or_open():
    """A likely fact nobody looked at is open; one that was looked at says by whom and when."""
    table = (PROJECT_ROOT / "docs/ETORO_CONSTRAINTS.md").read_text()
    states = [row.split("|")[2].strip() for row in re.findall(r"^\| (?!fact).*$", table, re.M)]
    assert len(states) > 10
    assert not [
        state for state in states if not re.match(r"OPEN$|CONFIRMED by \S.* on 20\d\d-\d\d-\d\d\b", state)
    ]
