"""
The model report: how the order of the names moved from one run to the next, which models there are,
and how each week's rankings agreed and turned out.

What was not computed yet is left out and said so.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path

import psycopg

from trading_ops.config.files import read_policy
from trading_ops.db.connect import queries
from trading_ops.models.registry import ranking_name
from trading_ops.reports.daily import NOT_BUILT
from trading_ops.reports.pages import rendered, write_pages
from trading_ops.settings import Settings


@dataclass(frozen=True)
class Move:
    """A name's rank in the earlier and in the later run; None where it was not ranked."""

    symbol: str
    earlier_rank: int | None
    later_rank: int | None


@dataclass(frozen=True)
class RankMoves:
    """
    Two consecutive rankings of one model, or of a method without one; `moves` are the names that lead either,
    by later rank.
    """

    name: str
    earlier_date: date
    later_date: date
    top_count: int
    moves: Sequence[Move]


def write_model_report(connection: psycopg.Connection, config: Settings) -> Path:
    """
    Write data/reports/models_<day>.md and .html and return the HTML file.

    Works as desk_reader. Raises PolicyError or SettingsError for a policy that cannot be used.
    """
    top_count = read_policy(config).sizing.positions_count
    with connection.transaction():
        now_at = queries.clock.now_at(connection)
        rows = list(queries.models.newest_rankings(connection, portfolio_id=config.portfolio_id))
        report = {
            "now_at": now_at,
            "is_simulated": queries.universe.desk(connection)["environment"] == "simulated",
            "models": list(queries.models.models_named(connection, prefix="")),
            "charts": [
                moves
                for _, ranked in groupby(rows, key=lambda row: row["method"])
                if (moves := rank_moves(ranked, top_count))
            ],
            "weeks": _compared_weeks(connection, config.portfolio_id),
        }
    return write_pages(config, f"models_{now_at.date()}", rendered("models", report))


def rank_moves(rows: Iterable[Mapping], top_count: int) -> RankMoves | None:
    """Return how the leading names moved between two rankings, given newest first; None without two."""
    rankings = [(day, list(ranked)) for day, ranked in groupby(rows, key=lambda row: row["as_of_date"])]
    if len(rankings) < 2:
        return None
    (later_date, later_rows), (earlier_date, earlier_rows) = rankings
    later, earlier = (
        {row["internal_symbol"]: row["signal_rank"] for row in rows} for rows in (later_rows, earlier_rows)
    )
    leading = {symbol for ranks in (later, earlier) for symbol, rank in ranks.items() if rank <= top_count}
    moves = [Move(symbol, earlier.get(symbol), later.get(symbol)) for symbol in leading]
    unranked = max(len(later), len(earlier)) + 1
    moves.sort(key=lambda move: (move.later_rank or unranked, move.earlier_rank or unranked))
    name = ranking_name(later_rows[0]["method"], later_rows[0]["model_version"])
    return RankMoves(name, earlier_date, later_date, top_count, moves)


def _compared_weeks(connection: psycopg.Connection, portfolio_id: str) -> list[Mapping] | None:
    """Return the compared rankings, None when dbt has not built them."""
    try:
        with connection.transaction():
            weeks = queries.models.compared_weeks(connection, portfolio_id=portfolio_id)
            return [week | {"name": ranking_name(week["method"], week["model_version"])} for week in weeks]
    except NOT_BUILT:
        return None
