"""
Calls of dbt with a parse that is kept.

dbt throws its saved parse away whenever a variable changes, and every run has another run_id. So
the project is parsed without variables, from the saved parse and only what changed since, and the
call gets that parse. No model reads a variable while it is parsed, only when it is compiled.
"""

from pathlib import Path

from thrift import keep_connections, leave_diagnostics, spare_debug_events

PLACES = ("--project-dir", "--profiles-dir")


def parse(warm_folder: str, places: list[str]):
    """Parse without variables and return the manifest, None when that fails: dbt itself then explains it."""
    from dbt.cli.main import dbtRunner

    Path(warm_folder).mkdir(parents=True, exist_ok=True)
    folders = ["--target-path", warm_folder, "--log-path", warm_folder]
    # dbt's static parser keeps threads of its own, which a fork would wait for in vain.
    parsed = dbtRunner().invoke(["--quiet", "--no-static-parser", "parse", *places, *folders])
    return parsed.result if parsed.success else None


def call(warm_folder: str, arguments: list[str], manifest=None) -> int:
    """Run dbt and return its exit code."""
    from dbt.cli.main import dbtRunner

    spare_debug_events()
    keep_connections()
    leave_diagnostics()
    places = [part for place in PLACES for part in (place, arguments[arguments.index(place) + 1])]
    done = dbtRunner(manifest=manifest or parse(warm_folder, places)).invoke(arguments)
    return 0 if done.success else 1


def distrust_clocks() -> None:
    """
    Let dbt read each properties file it parses: one whose clock stands still, as after a copy, it takes
    for the one it knows, and a data test that changed would not be run.
    """
    from dbt.parser import search

    find = search.find_matching
    search.find_matching = lambda *where: [{**file, "modification_time": 0.0} for file in find(*where)]


def compile_templates(manifest) -> None:
    """Compile all Jinja of the project once, for all calls forked from here: it is a third of a build."""
    from dbt_common.clients.jinja import get_template, template_cache

    for macro in manifest.macros.values():
        template_cache.get_node_template(macro)
    for node in manifest.nodes.values():
        get_template(node.raw_code, {})


def address(manifest, database: str) -> None:
    """Let every relation lie in another database: all else of a parse is the same wherever the desk is."""
    for node in (*manifest.nodes.values(), *manifest.sources.values()):
        if node.relation_name:
            node.relation_name = node.relation_name.replace(f'"{node.database}"', f'"{database}"', 1)
        node.database = database
