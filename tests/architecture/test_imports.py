"""The import table of the design, read from the source, so a wall cannot move unnoticed."""

import ast
import fnmatch
import re

import pytest

from tests.architecture.modules import (
    docstring_of,
    imported_modules,
    imported_names,
    modules,
    reached_from,
    room_of,
    tracked_files,
    tree_of,
)
from trading_ops.settings import PROJECT_ROOT

# What the outside world is reached by: the environment, files, the network, a database, a clock, chance.
OUTSIDE = (
    "os", "socket", "subprocess", "time", "threading", "tempfile", "shutil", "random", "secrets", "urllib", "http",
    "httpx", "smtplib", "yfinance", "psycopg", "aiosql", "flask", "airflow", "qlib", "trading_ops.settings",
    "trading_ops.files", "trading_ops.db",
)  # fmt: skip
# Pure by design, whatever their docstrings say.
PURE = (
    "trading_ops.plan.*", "trading_ops.exchange.*", "trading_ops.wording.*", "trading_ops.config.policy", "trading_ops.config.marked_yaml", "trading_ops.config.csv_rows",
    "trading_ops.tickets.build", "trading_ops.tickets.reasons", "trading_ops.tickets.render",
    "trading_ops.tickets.letters", "trading_ops.tickets.invite", "trading_ops.bars.parse", "trading_ops.bars.check",
    "trading_ops.bars.table", "trading_ops.bars.restatement", "trading_ops.comms.letters", "confirm_app.forms.*",
    "trading_ops.statements.workbook", "trading_ops.statements.parse", "trading_ops.statements.rollforward",
)  # fmt: skip
IMPURE = ("trading_ops.plan.steps",)
# The committed config/market_overrides.csv, read once.
OPENS = {"trading_ops.exchange.calendar"}

# Room -> (its modules, what none of them may import).
WALLS = {
    "library": (
        "trading_ops",
        ("airflow", "flask", "qlib", "dbt", "trading_ops_airflow", "trading_ops_stack", "confirm_app"),
    ),
    "Airflow's side": ("trading_ops_airflow", ("trading_ops_stack", "confirm_app", "flask", "qlib")),
    "stack": ("trading_ops_stack", ("dags", "qlib")),
    "dags": ("dags", ("psycopg", "pandas", "flask", "qlib", "trading_ops", "trading_ops_stack", "confirm_app")),
    "confirm page": (
        "confirm_app",
        ("airflow", "trading_ops_airflow", "trading_ops_stack", "trading_ops.plan", "trading_ops.bars", "trading_ops.sources"),
    ),
    "qlib runner": (
        "qlib_runner",
        ("trading_ops", "psycopg", "psycopg2", "sqlalchemy", "socket", "urllib", "http", "airflow"),
    ),
}  # fmt: skip

# The library's rooms from the ground up: a room imports what stands before it, never what stands after.
FLOORS = (
    "", "config", "exchange", "wording", "db", "comms", "sources", "universe", "bars", "runs", "plan", "ledger", "statements", "imported_fills", "tax",
    "models", "ops", "tickets", "reports", "watch", "simulation", "cli", "__main__",
)  # fmt: skip
# confirm_app's: what its pages share, its pages, and what puts them together.
PAGE_FLOORS = (
    "forms", "one_time_key", "database", "answers", "request_log", "people", "account", "tickets", "halt", "health", "",
)  # fmt: skip


def is_below(name: str, walls: tuple[str, ...]) -> bool:
    """Say whether a dotted name is one of these or lies below one."""
    return any(name == wall or name.startswith(wall + ".") for wall in walls)


def says_pure(module: str) -> bool:
    """Say whether a module's docstring promises that it is pure."""
    return re.search(r"(^|\. |\n)Pure\b", docstring_of(module)) is not None


def pure_modules() -> list[str]:
    """Return the modules that promise or owe purity, the packages' own docstrings left out."""
    owed = [name for name in modules() if any(fnmatch.fnmatch(name, pattern) for pattern in PURE)]
    return sorted({*owed, *filter(says_pure, modules())} - set(IMPURE))


@pytest.mark.parametrize("module", pure_modules())
def test_what_is_pure_says_so_and_reaches_nothing_outside(module):
    """No clock, environment, file, network or database, also not by way of what it imports."""
    assert says_pure(module), "it is pure by design: its docstring says so"
    reached = {
        f"{through} imports {name}"
        for through in reached_from(module)
        for name in imported_names(modules()[through])
        if is_below(name, OUTSIDE)
    }
    assert not reached


def test_what_is_pure_opens_no_file():
    """Also not one that needs no import; the calendar's own overrides are part of its code."""
    opened = {
        module
        for module in pure_modules()
        for call in ast.walk(tree_of(modules()[module]))
        if isinstance(call, ast.Call)
        and re.fullmatch(
            r"(open|read_(text|bytes|table|parquet)|write_\w+|unlink|mkdir)",
            getattr(call.func, "attr", getattr(call.func, "id", "")),
        )
    }
    assert opened == OPENS


def test_the_pure_part_is_as_large_as_the_design_says():
    """The patterns of the design match modules, so none guards an empty room."""
    for pattern in PURE:
        assert any(fnmatch.fnmatch(name, pattern) for name in modules()), pattern
    assert len(pure_modules()) > 30


@pytest.mark.parametrize("room", WALLS)
def test_no_room_imports_what_the_design_forbids(room):
    """Each room of the design stays behind its wall."""
    top, forbidden = WALLS[room]
    inside = [name for name in modules() if is_below(name, (top,))]
    assert inside, f"{room}: no module found, so the wall would guard nothing"
    # dags may call the library inside a task's body only, and none has one.
    broken = {
        f"{module} imports {name}"
        for module in inside
        for name in imported_names(modules()[module])
        if is_below(name, forbidden)
    }
    assert not broken


def floor_of(module: str, top: str, floors: tuple[str, ...]) -> int:
    """Return the floor a module of a house stands on."""
    inner = module.removeprefix(top).strip(".").split(".")[0]
    return floors.index(inner if inner in floors else "")


@pytest.mark.parametrize(("top", "floors"), [("trading_ops", FLOORS), ("confirm_app", PAGE_FLOORS)])
def test_no_arrow_runs_back_up(top, floors):
    """Rooms stand on each other in one order; whoever needs something from above is in the wrong room."""
    inside = [name for name in modules() if is_below(name, (top,))]
    assert {floor_of(name, top, floors) for name in inside} == set(range(len(floors)))
    upward = {
        f"{module} imports {name}"
        for module in inside
        for name in imported_modules(module)
        if is_below(name, (top,)) and floor_of(name, top, floors) > floor_of(module, top, floors)
    }
    assert not upward


def test_no_modules_import_each_other_in_a_circle():
    """A circle is one module in two files."""
    circles = {
        module
        for module in modules()
        if any(module in reached_from(name) for name in imported_modules(module))
    }
    assert not circles


def test_rooms_lie_where_the_floors_name_them():
    """
    Every folder of the library and of the page is a floor, and every floor a folder or a file of theirs.
    """
    for top, floors in (("trading_ops", FLOORS), ("confirm_app", PAGE_FLOORS)):
        rooms = {
            room_of(name).removeprefix(top).strip(".").split(".")[0]
            for name in modules()
            if is_below(name, (top,))
        }
        assert rooms <= set(floors), top


def test_only_settings_reads_the_environment():
    """
    One reader of the environment: nobody else touches os.environ or os.getenv in the library or the page.
    """
    inside = [name for name in modules() if is_below(name, ("trading_ops", "confirm_app"))]
    readers = {
        name
        for name in inside
        if name != "trading_ops.settings" and re.search(r"os\.(environ|getenv)", modules()[name].read_text())
    }
    assert len(inside) > 100
    assert not readers


def test_only_the_clock_reads_the_time():
    """Months are lived in minutes; a log, a look at eToro, and the clock that is judged, are real."""
    calls = re.compile(r"datetime\.(now|utcnow)\(|date\.today\(|\btime\.time\(")
    inside = [name for name in modules() if is_below(name, ("trading_ops", "confirm_app", "dags"))]
    assert len(inside) > 100
    assert {name for name in inside if calls.search(modules()[name].read_text())} == {
        "trading_ops.desk_log", "trading_ops.universe.files", "trading_ops.runs.machine_clock",
    }  # fmt: skip


def sql_of(folder: str) -> dict[str, str]:
    """Return the models of a folder of dbt's, without comments."""
    found = {
        name: re.sub(r"--.*", "", (PROJECT_ROOT / name).read_text())
        for name in tracked_files()
        if name.startswith(f"dbt_project/models/{folder}") and name.endswith(".sql")
    }
    assert found, folder
    return found


def test_only_staging_reads_what_dbt_did_not_build():
    """Sources are read in staging and nowhere else; nobody names a relation by hand."""
    beyond = {
        name
        for folder in ("intermediate", "marts", "gates")
        for name, text in sql_of(folder).items()
        if re.search(r"\bsource\(|\b(raw|desk|staging|intermediate|marts|gates)\.\w+\b(?!\()", text)
    }
    assert not beyond


def test_no_limit_is_written_in_sql():
    """
    Limits are rows of the policy: no threshold is a variable, and no check compares with a number of its own.
    """
    project = (PROJECT_ROOT / "dbt_project/dbt_project.yml").read_text()
    assert not re.search(r"^vars:", project, re.M)
    assert not {name for name, text in sql_of("").items() if re.search(r"\bvar\(\s*['\"](?!run_id)", text)}
    literal = re.compile(r"(?:<=|>=|<|>)\s*(-?\d+(?:\.\d+)?)\b")
    compared = {
        f"{name}: {number}"
        for name, text in sql_of("gates").items()
        for number in literal.findall(text)
        if float(number) not in (0, 1)
    }
    assert not compared
