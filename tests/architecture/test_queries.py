"""Every query that is called stands in the file its namespace names, and none stands there unused."""

import re

from tests.architecture.modules import tracked_files
from trading_ops.db.connect import queries
from trading_ops.settings import PROJECT_ROOT


def named() -> set[str]:
    """Return every query as `file.name`."""
    folder = PROJECT_ROOT / "plugins/trading_ops/db/queries"
    found = {
        f"{path.stem}.{name}"
        for path in folder.glob("*.sql")
        for name in re.findall(r"^-- name: (\w+)", path.read_text(), re.M)
    }
    assert len(found) > 150
    return found


def called(suffixes: tuple[str, ...], folders: tuple[str, ...]) -> set[str]:
    """Return every query some file of these folders calls, as `file.name`."""
    spaces = "|".join(vars(queries))
    return {
        name
        for path in tracked_files()
        if path.endswith(suffixes) and path.startswith(folders)
        for name in re.findall(rf"\bqueries\.((?:{spaces})\.\w+)", (PROJECT_ROOT / path).read_text())
    }


def test_every_call_has_its_query():
    """A query that was renamed and a call that was not meet only at run time otherwise."""
    everywhere = called((".py", ".ipynb", ".md"), ("plugins/", "confirm_app/", "docker/", "docs/", "tests/"))
    assert len(everywhere) > 150
    assert everywhere - named() == set()


def test_every_query_is_called_by_the_desk():
    """What only a test calls is no part of the desk."""
    assert named() - called((".py", ".ipynb"), ("plugins/", "confirm_app/", "docker/", "docs/")) == set()


def test_the_command_line_holds_no_sql():
    """Its verbs call the library, so that page and command line do the same thing the same way."""
    files = list((PROJECT_ROOT / "plugins/trading_ops/cli").glob("*.py"))
    assert len(files) >= 5
    assert not {path.name for path in files if re.search(r"\.execute\(|psycopg\.sql", path.read_text())}
