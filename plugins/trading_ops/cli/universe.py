"""
trading-ops universe: look at the universe, replace its file, switch one symbol off or on.

Nothing is written to the universe file without --yes, and never a file the desk would refuse.
"""

import argparse
import sys
from pathlib import Path

from trading_ops.config.files import read_bytes
from trading_ops.db.connect import connect
from trading_ops.ops.identity import identity
from trading_ops.ops.people import require_person
from trading_ops.settings import Settings, SettingsError, settings
from trading_ops.universe.diff import diff
from trading_ops.universe.files import read_universe, replace_file, universe_of
from trading_ops.universe.instruments import Universe, UniverseError
from trading_ops.universe.switches import SwitchError, disabled_symbols, switch_symbol


def add_verbs(parser: argparse.ArgumentParser) -> None:
    """Add the actions of `trading-ops universe` to its parser."""
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("check", help="say what the universe file holds, or what is wrong with it")
    actions.add_parser("report", help="write the validation report with its coverage heat map")
    for action, meaning in (
        ("diff", "say what a file would change"),
        ("import", "put a file in the place of the universe file"),
    ):
        one = actions.add_parser(action, help=meaning)
        one.add_argument("file", type=Path)
        if action == "import":
            one.add_argument("--yes", action="store_true", help="write; only shown without it")
    for action, meaning in (
        ("disable", "buy a symbol no more, from the next run on"),
        ("enable", "allow a symbol that was switched off"),
    ):
        one = actions.add_parser(action, help=meaning)
        one.add_argument("symbol", type=str.upper)
        one.add_argument("--reason", required=True)
        one.add_argument("--person", required=True, help="somebody the desk knows")


def run(options: argparse.Namespace) -> int:
    """Run one action and return its exit code; what is refused is one line."""
    try:
        return _ACTIONS[options.action](options, settings())
    except (UniverseError, SettingsError, SwitchError) as refusal:
        print(f"trading-ops universe {options.action}: {refusal}", file=sys.stderr)
        return 1


def _check(options, config: Settings) -> int:
    universe = read_universe(config)
    stocks = [entry for entry in universe.entries if entry.is_tradable_underlying]
    enabled = sum(entry.is_enabled for entry in stocks)
    unverified = [entry.internal_symbol for entry in stocks if not entry.verified_at]
    print(f"file       {config.universe}")
    print(f"hash       {universe.universe_hash}")
    print(f"stocks     {len(stocks)}, {enabled} of them enabled in the file")
    print(f"benchmark  {universe.benchmark.internal_symbol if universe.benchmark else 'NONE'}")
    print(f"aliases    {len(universe.aliases)} dated vendor names")
    print(f"verified   {len(stocks) - len(unverified)} of {len(stocks)} stocks found on eToro")
    if universe.benchmark is None:
        print("no row is the benchmark, so no run can pass the data gate", file=sys.stderr)
        return 1
    return 0


def _diff(options, config: Settings) -> int:
    _show(read_universe(config), universe_of(config, options.file, read_bytes(options.file)))
    return 0


def _import(options, config: Settings) -> int:
    before = read_bytes(config.universe) if config.universe.exists() else None
    after = read_bytes(options.file)
    new = universe_of(config, options.file, after)
    if new.benchmark is None:
        raise UniverseError(f"{options.file}, field is_benchmark: no row with true; one is needed")
    _show(_held(config), new)
    if before == after:
        return 0
    if not options.yes:
        print("nothing is written; say --yes to import")
        return 0
    kept = replace_file(config.universe, before, after)
    print(f"written to {config.universe}" + (f", the old file is {kept}" if kept else ""))
    return 0


def _held(config: Settings) -> Universe:
    """Return the universe of the desk; an empty one when its file is missing or cannot be used."""
    try:
        return read_universe(config)
    except (UniverseError, SettingsError) as problem:
        print(f"the file in use cannot be compared with: {problem}")
        return Universe(())


def _show(old: Universe, new: Universe) -> None:
    changes = diff(old, new)
    for change in changes:
        print(change)
    counts = {
        kind: sum(change.kind == kind for change in changes) for kind in ("added", "removed", "changed")
    }
    print(", ".join(f"{count} {kind}" for kind, count in counts.items()))


def _report(options, config: Settings) -> int:
    from trading_ops.reports.universe import write_universe_report

    print(identity(config), file=sys.stderr)
    with connect("desk_reader", config) as connection:
        path = write_universe_report(connection, config)
    print(f"{path}\n{path.with_suffix('.md')}")
    return 0


def _disable(options, config: Settings) -> int:
    return _switch(options, config, False)


def _enable(options, config: Settings) -> int:
    return _switch(options, config, True)


def _switch(options, config: Settings, is_enabled: bool) -> int:
    print(identity(config), file=sys.stderr)
    with connect("desk_planner", config) as connection:
        universe = read_universe(config)
        person = require_person(connection, options.person)
        switch_symbol(connection, universe, options.symbol, is_enabled, options.reason, person)
        off = disabled_symbols(connection)
    print(f"{options.symbol} is {'enabled' if is_enabled else 'disabled'} from the next run on")
    print(f"switched off now: {', '.join(off) or 'nothing'}")
    return 0


_ACTIONS = {
    "check": _check,
    "report": _report,
    "diff": _diff,
    "import": _import,
    "disable": _disable,
    "enable": _enable,
}
