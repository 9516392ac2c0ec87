"""
Sizes a reader can hold: files, functions, models and lines; the exceptions are a list that may only shrink.
"""

import ast
import re

from tests.architecture.modules import tracked_files, tree_of
from trading_ops.settings import PROJECT_ROOT

FILE_LINES_MAX = 250
FUNCTION_LINES_MAX = 60
MODEL_LINES_MAX = 70
DAG_LINES_MAX = 90
LINE_CHARS_MAX = 110

# What is longer today, in lines. A figure may only become smaller, and an entry that fits is taken out.
LONG_FILES: dict[str, int] = {
    "plugins/trading_ops/bars/append.py": 277,
    "plugins/trading_ops/models/rehearsal.py": 263,
    "plugins/trading_ops/plan/checks.py": 294,
    "plugins/trading_ops/reports/universe.py": 293,
    "plugins/trading_ops_stack/demo.py": 256,
    "qlib_runner/store.py": 310,
    "tests/bench/bench_qlib_container.py": 356,
    "tests/database/rows.py": 383,
    "tests/database/test_append_only.py": 268,
    "tests/database/test_export.py": 260,
    "tests/database/test_models.py": 495,
    "tests/database/test_models_approval.py": 291,
    "tests/database/test_plan_steps.py": 275,
    "tests/database/test_runs.py": 284,
    "tests/database/test_ticket_lock.py": 334,
    "tests/database/test_tickets.py": 276,
    "tests/dbt/price_accuracy.py": 289,
    "tests/dbt/test_data_quality_faults.py": 258,
    "tests/qlib_runner/test_backtest.py": 252,
    "tests/unit/plan/test_sizing.py": 290,
}
LONG_FUNCTIONS: dict[str, int] = {
    "plugins/trading_ops/runs/freeze.py:freeze": 70,
    "tests/dags/test_model_path.py:test_a_model_is_trained_registered_watched_and_traded_beside_its_successor": 101,
}
LONG_MODELS: dict[str, int] = {
    "dbt_project/models/gates/data_quality/gate_data_quality_actions_sound.sql": 79,
    "dbt_project/models/gates/data_quality/gate_data_quality_fx_plausible.sql": 103,
    "dbt_project/models/gates/data_quality/gate_data_quality_jumps_explained.sql": 73,
    "dbt_project/models/gates/data_quality/gate_data_quality_sources_agree.sql": 111,
    "dbt_project/models/gates/reconciliation/gate_reconciliation_positions_match.sql": 72,
    "dbt_project/models/gates/risk/gate_risk_model_approved.sql": 102,
    "dbt_project/models/gates/risk/gate_risk_position_weight.sql": 86,
    "dbt_project/models/intermediate/market/checks/int_market__source_closes.sql": 126,
    "dbt_project/models/intermediate/market/int_market__action_findings.sql": 87,
    "dbt_project/models/intermediate/market/int_market__actions.sql": 197,
    "dbt_project/models/intermediate/market/int_market__ex_dates.sql": 73,
    "dbt_project/models/intermediate/market/int_market__missing_splits.sql": 82,
    "dbt_project/models/intermediate/market/int_market__price_factors.sql": 87,
    "dbt_project/models/intermediate/market/int_market__price_findings.sql": 85,
    "dbt_project/models/marts/ledger/drift.sql": 117,
    "dbt_project/models/marts/ledger/equity_daily.sql": 131,
    "dbt_project/models/marts/market/reference_prices.sql": 81,
    "dbt_project/models/staging/market/stg_market__eod_bars.sql": 103,
    "dbt_project/models/staging/market/stg_market__ranges.sql": 145,
}

# File kind -> where it may lie. A kind nobody named is a decision, not a commit.
KINDS = {
    ".py": ("",), ".md": ("docs/", "README.md", "dbt_project/models/overview.md", "tests/unit/tickets/golden/"), ".sql": ("dbt_project/", "plugins/trading_ops/db/", "docker/postgres/", "tests/dbt/"),
    ".yml": ("config/", "dbt_project/", "docker/"), ".yaml": ("config/qlib/",), ".csv": ("config/",),
    ".txt": ("config/locks/", "qlib_runner/", "tests/database/"), ".toml": ("pyproject.toml", "qlib_runner/"),
    ".lock": ("qlib_runner/",), ".c": ("qlib_runner/",), ".j2": ("plugins/", "qlib_runner/"),
    ".html": ("confirm_app/templates/",), ".css": ("confirm_app/static/",), ".sh": ("docker/", "plugins/trading_ops_stack/"),
    ".conf": ("docker/",), ".example": ("config/",), ".png": ("docs/images/",), ".ipynb": ("docs/",),
    ".json": ("tests/",),
}  # fmt: skip
NAMELESS = {
    "Makefile", "LICENSE", ".gitignore", ".dockerignore", ".ci/run", "plugins/.airflowignore",
}  # fmt: skip


def lines_of(name: str) -> list[str]:
    """Return a file's lines."""
    return (PROJECT_ROOT / name).read_text().splitlines()


def hold(sizes: dict[str, int], limit: int, excused: dict[str, int]) -> None:
    """Hold sizes to a limit, and what is excused to the size it was excused with."""
    assert sizes
    assert {name: size for name, size in sizes.items() if size > limit} == excused


def named(suffix: str, *folders: str) -> list[str]:
    """Return the tracked files of a kind below some folders."""
    return [name for name in tracked_files() if name.endswith(suffix) and name.startswith(folders)]


def test_a_file_is_read_in_one_sitting():
    """At most 250 lines of Python, tests of one subject included."""
    sizes = {name: len(lines_of(name)) for name in named(".py", "") if not name.startswith("dags/")}
    hold(sizes, FILE_LINES_MAX, LONG_FILES)


def test_a_function_fits_on_a_screen():
    """At most 60 lines, its docstring included."""
    sizes = {
        f"{name}:{node.name}": node.end_lineno - node.lineno + 1
        for name in named(".py", "")
        for node in ast.walk(tree_of(PROJECT_ROOT / name))
        if isinstance(node, ast.FunctionDef)
    }
    hold(sizes, FUNCTION_LINES_MAX, LONG_FUNCTIONS)


def test_a_model_is_one_thought():
    """At most 70 lines of SQL."""
    sizes = {name: len(lines_of(name)) for name in named(".sql", "dbt_project/models/")}
    hold(sizes, MODEL_LINES_MAX, LONG_MODELS)


def test_a_dag_is_its_page_and_its_order():
    """At most 90 lines, most of them the docstring Airflow shows."""
    sizes = {name: len(lines_of(name)) for name in named(".py", "dags/")}
    hold(sizes, DAG_LINES_MAX, {})


def test_every_file_is_of_a_kind_that_belongs_where_it_lies():
    """A newcomer can place each file by its kind."""
    strange = {
        name
        for name in tracked_files()
        if name not in NAMELESS
        and not name.startswith(KINDS.get("." + name.rpartition(".")[2], ("\0",)))
        and not re.fullmatch(r"docker/\w+/(Dockerfile|Caddyfile)", name)
    }
    assert not strange
    assert not {name for name in NAMELESS if name not in tracked_files()}


def lines_in_strings(name: str) -> set[int]:
    """
    Return the lines of a Python file that a string other than a docstring lies on: a query, a table of cases.
    """
    tree = tree_of(PROJECT_ROOT / name)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and ast.get_docstring(node)
    }
    return {
        number
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))
        if id(node) not in docstrings
        for number in range(node.lineno, node.end_lineno + 1)
    }


def test_no_line_is_wider_than_the_house():
    """
    110 columns of Python and of what dbt builds; what a string makes wide, a query or a row of a table of
    cases, stays whole.
    """
    width = re.search(r"line-length = (\d+)", (PROJECT_ROOT / "pyproject.toml").read_text())
    assert int(width[1]) == LINE_CHARS_MAX
    wide = {
        f"{name}:{number}: {len(line)}"
        for name in [*named(".py", ""), *named(".sql", "dbt_project/"), *named(".yml", "dbt_project/")]
        for number, line in enumerate(lines_of(name), start=1)
        if len(line) > LINE_CHARS_MAX and not (name.endswith(".py") and number in lines_in_strings(name))
    }
    assert not wide
