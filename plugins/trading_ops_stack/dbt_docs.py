"""
The dbt docs of the desk as one static page: `make docs` builds and serves it, a tab in Airflow shows it.

The page describes the database a run left behind, so it needs one that was built.
"""

import argparse
import functools
import http.server
import sys
from pathlib import Path

from trading_ops.db.connect import connect, queries
from trading_ops.ops.identity import identity
from trading_ops.settings import Settings, settings
from trading_ops_airflow.dbt.command import start_dbt
from trading_ops_airflow.dbt.docs_app import docs_path
from trading_ops_stack import postgres
from trading_ops_stack.environment import environment, state_folder
from trading_ops_stack.keys import write_keys
from trading_ops_stack.stack import START_ERRORS


class DocsError(Exception):
    """The docs cannot be built; the message says what dbt said."""


def build(config: Settings) -> Path:
    """
    Write the one-file docs site of what the newest run left behind and return its path.

    Raises DocsError with the end of dbt's output.
    """
    with connect("desk_reader", config) as connection:
        run_id = queries.simulation.newest_run_id(connection, portfolio_id=config.portfolio_id)
    target = docs_path(config).parent
    target.mkdir(parents=True, exist_ok=True)
    dbt = start_dbt(config, environment(config), "docs generate", target, "--static", run_id=run_id or "none")
    said = dbt.stdout.read()
    if dbt.wait() != 0 or not docs_path(config).exists():
        raise DocsError(f"dbt docs could not be built:\n{said[-2000:]}")
    return docs_path(config)


def serve(config: Settings) -> None:
    """Serve the built page on loopback until interrupted."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=docs_path(config).parent)
    with http.server.ThreadingHTTPServer(("127.0.0.1", config.docs_port), handler) as server:
        print(f"dbt docs: http://127.0.0.1:{config.docs_port}/static_index.html  (Ctrl-C ends)")
        server.serve_forever()


def main(arguments: list[str] | None = None) -> int:
    """Build the docs and, with --serve, serve them."""
    parser = argparse.ArgumentParser(prog="make docs", description="The dbt docs of the desk.")
    parser.add_argument("--serve", action="store_true")
    options = parser.parse_args(arguments)
    try:
        config = settings()
        write_keys(config)
        postgres.initialise(state_folder(config) / "postgres", config)
        print(identity(config), file=sys.stderr)
        print(build(config))
        if options.serve:
            serve(config)
    except KeyboardInterrupt:
        return 0
    except (DocsError, *START_ERRORS) as error:
        print(f"make docs: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
