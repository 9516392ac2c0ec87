"""What dbt does at each node for somebody else, left undone or done once: together a third of a build."""

from types import CodeType


def spare_debug_events() -> None:
    """Let dbt make no event below info: the hundred it makes for a model are a fifth of the build."""
    from dbt_common.events.base_types import BaseEvent, DebugLevel, EventLevel
    from dbt_common.events.event_manager_client import get_event_manager

    manager = get_event_manager()
    fill, fire = BaseEvent.__init__, manager.fire_event
    # How a node ended has its level from the call that tells it.
    BaseEvent.__init__ = lambda e, *told, **words: (
        None if isinstance(e, DebugLevel) else fill(e, *told, **words)
    )
    # What was left empty cannot be told, whatever level it is told at.
    manager.fire_event = lambda e, level=None, **more: (
        isinstance(e, DebugLevel) or level == EventLevel.DEBUG or fire(e, level=level, **more)
    )


def keep_connections() -> None:
    """
    Let a thread go on with its connection at the next node, in a transaction of that node's own.

    dbt makes a new one for each, and Postgres a process that knows none of its own tables yet.
    """
    from dbt.adapters.contracts.connection import ConnectionState
    from dbt.adapters.postgres.connections import PostgresConnectionManager as Manager
    from psycopg2 import Error

    close = Manager.release

    def release(manager: Manager) -> None:
        kept = manager.get_if_exists()
        if kept is not None and kept.state == ConnectionState.OPEN:
            try:
                # Also what dbt does not take for a transaction holds locks until its end.
                kept.handle.rollback()
            except Error:
                close(manager)
            kept.transaction_open = False
        else:
            close(manager)

    Manager.release = release


def leave_diagnostics() -> None:
    """Let a build write its results and no copy of the project, whose own lies in the warm folder."""
    from dbt import compilation
    from dbt.task import runnable

    # `docs generate` writes its manifest by itself.
    runnable.write_manifest = lambda *_: None
    compilation.Linker.write_graph = lambda *_: None
    compilation.Linker.get_graph_summary = lambda *_: {}


def keep_templates() -> None:
    """Compile the text of a template once for all that have it, and for all calls forked from here."""
    from dbt_common.clients.jinja import MacroFuzzEnvironment as Environment

    compile_text, compiled = Environment.compile, {}

    def compile_once(environment: Environment, text: str) -> CodeType:
        key = type(environment), text
        if key not in compiled:
            compiled[key] = compile_text(environment, text)
        return compiled[key]

    # As dbt calls it: with the text alone.
    Environment.compile = compile_once
