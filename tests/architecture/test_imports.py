"""The import table of the design, read from the source by `ast`, so a wall cannot move unnoticed."""

import ast
from pathlib import Path

import pytest

from trading_ops.settings import PROJECT_ROOT

PLUGINS = PROJECT_ROOT / "plugins"
PURE = ("policy.py", "marked_yaml.py",
    "gates.py", "universe.py", "universe_aliases.py", "universe_diff.py", "sessions.py", "signals.py", "risk/*.py", "bars/parse.py",
        "tickets/build.py", "tickets/render.py")  # fmt: skip

# Room -> (files, what none of them may import).
WALLS = {
    "pure part": (
        [path for pattern in PURE for path in (PLUGINS / "trading_ops").glob(pattern)],
        ["psycopg", "os", "socket", "subprocess", "time", "urllib", "flask", "airflow", "qlib",
         "trading_ops.settings", "trading_ops.db", "trading_ops.ops"],
    ),
    "library": (
        list((PLUGINS / "trading_ops").rglob("*.py")),
        ["airflow", "flask", "qlib", "dbt", "trading_ops_airflow", "confirm_app"],
    ),
    "dags": (list((PROJECT_ROOT / "dags").rglob("*.py")), ["psycopg", "pandas", "flask", "qlib", "confirm_app"]),
    "confirm page": (
        list((PROJECT_ROOT / "confirm_app").rglob("*.py")),
        ["airflow", "trading_ops_airflow", "trading_ops.plan", "trading_ops.plan", "trading_ops.bars"],
    ),
    "qlib runner": (
        list((PROJECT_ROOT / "qlib_runner").rglob("*.py")),
        ["trading_ops", "psycopg", "psycopg2", "sqlalchemy", "socket", "urllib", "http", "airflow"],
    ),
}  # fmt: skip


def imported_names(path: Path) -> set[str]:
    """Return every dotted name a file imports, `from a import b` as both a and a.b."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("room", WALLS)
def test_no_room_imports_what_the_design_forbids(room):
    """Each room of the design stays behind its wall."""
    files, forbidden = WALLS[room]
    assert files, f"{room}: no file found, so the wall would guard nothing"
    broken = {
        f"{path.relative_to(PROJECT_ROOT)} imports {name}"
        for path in files
        for name in imported_names(path)
        for wall in forbidden
        if name == wall or name.startswith(wall + ".")
    }
    assert not broken


def test_only_settings_reads_the_environment():
    """One reader of the environment: nobody else touches os.environ or os.getenv in the library or the page."""
    files = [*(PLUGINS / "trading_ops").rglob("*.py"), *(PROJECT_ROOT / "confirm_app").rglob("*.py")]
    # doctor.py runs before any environment exists and may import nothing of the desk.
    readers = {
        str(path.relative_to(PROJECT_ROOT))
        for path in files
        if path.name not in ("settings.py", "doctor.py")
        and any(word in path.read_text() for word in ("os.environ", "os.getenv"))
    }
    assert len(files) > 20
    assert not readers


def test_only_the_clock_reads_the_time():
    """Everything takes its time from desk.now(), so months can be lived in minutes."""
    calls = ("datetime.now(", "datetime.utcnow(", "date.today(", "time.time(")
    files = [*(PLUGINS / "trading_ops").rglob("*.py"), *(PROJECT_ROOT / "confirm_app").rglob("*.py")]
    readers = {
        f"{path.relative_to(PROJECT_ROOT)}: {call}"
        for path in files
        for call in calls
        if call in path.read_text()
    }
    assert not readers


def test_money_never_becomes_a_float():
    """No float() where money lives."""
    files = [
        path
        for folder in ("trading_ops/plan", "trading_ops/ledger", "trading_ops/tickets")
        for path in (PLUGINS / folder).rglob("*.py")
    ] + list((PROJECT_ROOT / "confirm_app").rglob("*.py"))
    assert len(files) > 8
    assert not {str(path) for path in files if "float(" in path.read_text()}
