"""
trading-ops fetch: ask the online sources for what is missing, or for what the operator names.

Exit code 0 when everything asked for was delivered, 1 when something is missing or refused.
"""

import argparse
import sys

from trading_ops.db.connect import connect, queries
from trading_ops.exchange.sessions import newest_complete_session
from trading_ops.settings import SettingsError, settings
from trading_ops.universe.files import read_universe
from trading_ops.universe.instruments import UniverseError


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `trading-ops fetch` to its parser."""
    parser.add_argument("--source", help="this one only, also when fetch_order does not name it")
    parser.add_argument(
        "--symbols",
        type=lambda text: tuple(one.strip().upper() for one in text.split(",") if one.strip()),
        help="these only (AAPL,MSFT; GBPUSD is the exchange rate), also when they are there already",
    )


def run(options: argparse.Namespace) -> int:
    """Fetch, load and say what happened."""
    # Imported here: pandas and what asks the vendors are more than every other verb would wait for.
    from trading_ops.bars.refresh import refresh, tell_of_blocked
    from trading_ops.sources.config import SourcesError, read_keys, read_sources, ready_sources

    config = settings()
    try:
        universe = read_universe(config)
        sources, skipped = ready_sources(
            read_sources(config.sources),
            read_keys(config.source_keys),
            (options.source,) if options.source else None,
        )
    except (SourcesError, UniverseError, SettingsError) as refusal:
        print(f"trading-ops fetch: {refusal}", file=sys.stderr)
        return 1
    for line in skipped:
        print(f"skipped {line}")
    if not sources:
        print(f"nothing to ask: fetch_order in {config.sources} names no source that is ready")
        return 1
    with connect("desk_planner") as connection:
        now_at = queries.clock.now_at(connection)
    key = f"fetch:{now_at:%Y%m%dT%H%M%S.%f}"
    with connect("desk_loader") as connection:
        report = refresh(
            connection,
            universe,
            sources,
            newest_complete_session(now_at),
            key,
            lambda line: print(line, flush=True),
            options.symbols,
        )
    with connect("desk_planner") as connection:
        tell_of_blocked(connection, report.fetched, f"{now_at:%Y-%m-%d}")
    print(report.text())
    return 1 if report.missing else 0
