"""The project's modules and what each imports, read from the source by `ast` without importing anything."""

import ast
import subprocess
from functools import cache
from pathlib import Path

from trading_ops.settings import PROJECT_ROOT

# Where a module's dotted name begins.
_ROOTS = ("plugins/", "")
_FOLDERS = ("plugins/", "confirm_app/", "dags/", "qlib_runner/", "docker/")


@cache
def tracked_files() -> tuple[str, ...]:
    """Return every file of the project as git knows it."""
    listing = subprocess.run(
        ["git", "-C", str(PROJECT_ROOT), "ls-files"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert len(listing) > 100
    return tuple(name for name in listing if (PROJECT_ROOT / name).exists())


@cache
def modules() -> dict[str, Path]:
    """Return the modules that run at the desk, by dotted name; a package is its `__init__`."""
    found = {}
    for name in tracked_files():
        if name.endswith(".py") and name.startswith(_FOLDERS):
            dotted = name.removeprefix("plugins/").removesuffix(".py").removesuffix("/__init__")
            found[dotted.replace("/", ".")] = PROJECT_ROOT / name
    assert len(found) > 150
    return found


@cache
def tree_of(path: Path) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse(path.read_text())


def docstring_of(module: str) -> str:
    """Return a module's docstring, empty when it has none."""
    return ast.get_docstring(tree_of(modules()[module])) or ""


@cache
def imported_names(path: Path) -> frozenset[str]:
    """
    Return every dotted name a file imports, `from a import b` as a.b, and as a where b is no module.

    What is imported for the type checker alone never runs and does not count.
    """
    names = set()
    unseen: list[ast.AST] = [tree_of(path)]
    while unseen:
        node = unseen.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            unseen += node.orelse
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                member = f"{node.module}.{alias.name}"
                names |= {member} if member in modules() else {member, node.module}
        unseen += ast.iter_child_nodes(node)
    return frozenset(names)


@cache
def imported_modules(module: str) -> frozenset[str]:
    """Return the project's own modules a module imports."""
    return frozenset(name for name in imported_names(modules()[module]) if name in modules()) - {module}


def reached_from(module: str) -> set[str]:
    """Return a module and everything of the project it imports, and that imports, and so on."""
    reached, unseen = set(), [module]
    while unseen:
        name = unseen.pop()
        if name not in reached:
            reached.add(name)
            unseen += imported_modules(name)
    return reached


def room_of(module: str) -> str:
    """Return the folder a module lies in, as a dotted name."""
    path = modules()[module]
    return module if path.name == "__init__.py" else module.rpartition(".")[0]
