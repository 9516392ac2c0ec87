"""
The instruments a new desk begins with: its universe, its benchmark, and what the account holds of them.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from trading_ops.ledger.holdings import (
    HoldingsError,
    OpeningPosition,
    instrument_named,
    parse_holdings,
    rows_of,
    rows_typed,
)
from trading_ops.settings import PROJECT_ROOT, Settings, SettingsError
from trading_ops.universe.files import read_universe
from trading_ops.universe.instruments import Universe, UniverseError

_OWN = PROJECT_ROOT / "config/universe.csv"


def universe_file(answer: str) -> Path:
    """Return the file an answer means."""
    return Path(answer).expanduser().absolute() if answer else _OWN


def universe_objection(text: str, _before: Mapping[str, str]) -> str | None:
    """Return why a file is no universe, or None."""
    try:
        _universe(universe_file(text))
    except (UniverseError, SettingsError) as error:
        return str(error)
    return None


def benchmark_objection(text: str, before: Mapping[str, str]) -> str | None:
    """Return why a symbol cannot be the benchmark, or None."""
    universe = _universe(universe_file(before["universe"]))
    if not text:
        return None if universe.benchmark else "no row of the universe is the benchmark: name a symbol"
    try:
        instrument_named(text, universe)
    except ValueError as mistake:
        return str(mistake)
    return None


def positions_objection(text: str, before: Mapping[str, str]) -> str | None:
    """Return why positions are not understood, or None."""
    try:
        positions_in(text, _universe(universe_file(before["universe"])))
    except (HoldingsError, ValueError) as mistake:
        return str(mistake)
    return None


def positions_in(text: str, universe: Universe) -> tuple[OpeningPosition, ...]:
    """Return positions as they are typed, or as JSON of rows. Raises HoldingsError or ValueError."""
    rows = rows_of(json.loads(text)) if text.startswith("[") else rows_typed(text)
    return parse_holdings(rows, universe, datetime.now(UTC).date())


def with_benchmark(universe: Universe, name: str) -> Universe:
    """Return the universe with another benchmark; the one before it becomes an instrument like others."""
    symbol = instrument_named(name, universe)
    return replace(
        universe,
        entries=tuple(
            replace(
                row,
                is_benchmark=row.internal_symbol == symbol,
                is_enabled=row.is_enabled or row.internal_symbol == symbol,
            )
            for row in universe.entries
        ),
    )


def _universe(path: Path) -> Universe:
    return read_universe(replace(Settings(), universe=path))
