"""
The folder tree is the architecture diagram: nothing is added at the root, and every text fits the house.
"""

import re

from tests.architecture.modules import tracked_files
from trading_ops.settings import PROJECT_ROOT

FOLDERS = {
    "dags",
    "dbt_project",
    "plugins",
    "qlib_runner",
    "confirm_app",
    "config",
    "docker",
    "tests",
    "docs",
    ".ci",
}
FILES = {"Makefile", "README.md", "LICENSE", "pyproject.toml", ".gitignore", ".dockerignore"}


def test_the_root_holds_what_the_design_names():
    """A new top-level folder or file needs a decision, not a commit."""
    assert {name.split("/")[0] for name in tracked_files()} <= FOLDERS | FILES


def test_no_module_is_named_for_what_it_is_not_about():
    """A module called utils is where things go to be forgotten."""
    vague = {"utils", "helpers", "common", "base", "manager", "misc"}
    named = {name for name in tracked_files() if name.endswith(".py") and name.split("/")[-1][:-3] in vague}
    assert not named


def test_dags_and_plugins_hold_no_module_dbt_would_import():
    """dbt imports every top-level module named dbt_* on its path as a plugin of its own."""
    named = [n for n in tracked_files() if re.fullmatch(r"(dags|plugins)/dbt_[^/]*\.py", n)]
    assert not named


def test_no_promise_is_left_in_the_code():
    """Unfinished work is an issue or a decision record, never a comment."""
    words = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
    left = {
        name
        for name in tracked_files()
        if name.endswith((".py", ".sql", ".yml", ".md", ".html", ".j2"))
        and name != "tests/architecture/test_tree.py"
        and words.search((PROJECT_ROOT / name).read_text(errors="replace"))
    }
    assert not left
