"""
Corporate actions in the ledger: what a split did to the units held.

Each split is posted once per portfolio, whatever number of vendors report it and however often
the step runs.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_DOWN, Decimal

import psycopg

from trading_ops.db.connect import queries
from trading_ops.exchange.clocks import NEW_YORK
from trading_ops.runs.frozen import load_policy
from trading_ops.runs.run import load_run

# Vendors date the same split a few days apart; no stock splits twice within a week.
SAME_SPLIT_WITHIN = timedelta(days=5)
UNIT_STEP = Decimal("0.00000001")


@dataclass(frozen=True)
class KnownSplit:
    """A split as one source reports it: new shares per old share."""

    symbol: str
    source: str
    ex_date: date
    split_ratio: Decimal


@dataclass(frozen=True)
class PostedSplit:
    """A split in the ledger and the units it added or took."""

    symbol: str
    ex_date: date
    split_ratio: Decimal
    units_delta: Decimal


@dataclass(frozen=True)
class UnitsEntry:
    """Units that entered or left a holding at an instant."""

    symbol: str
    happened_at: datetime
    units_delta: Decimal


def post_splits(connection: psycopg.Connection, run_id: str) -> tuple[PostedSplit, ...]:
    """
    Post every split of a held symbol up to the run's as-of date, and return what was new.

    As desk_planner, one transaction; a second call posts nothing.
    """
    run = load_run(connection, run_id)
    with connection.transaction():
        queries.ledger.lock_ledger(connection, portfolio_id=run.portfolio_id)
        new = splits_to_post(
            known=[KnownSplit(**row) for row in queries.ledger.splits_known(connection, run_id=run_id)],
            posted=[
                PostedSplit(**row)
                for row in queries.ledger.splits_posted(connection, portfolio_id=run.portfolio_id)
            ],
            entries=[
                UnitsEntry(**row)
                for row in queries.ledger.units_moved(connection, portfolio_id=run.portfolio_id)
            ],
            source_order=load_policy(connection, run.policy_hash).market_data.source_order,
        )
        queries.ledger.insert_split(
            connection,
            [
                {
                    "portfolio_id": run.portfolio_id,
                    "internal_symbol": split.symbol,
                    "ex_date": split.ex_date,
                    "split_ratio": split.split_ratio,
                    "units_delta": split.units_delta,
                    "run_id": run_id,
                }
                for split in new
            ],
        )
    return new


def splits_to_post(
    known: Iterable[KnownSplit],
    posted: Iterable[PostedSplit],
    entries: Iterable[UnitsEntry],
    source_order: Sequence[str],
) -> tuple[PostedSplit, ...]:
    """
    Return the splits the ledger lacks, with the units each changes.

    Pure. The first source of the order that reports a split is believed; a source outside it is
    not. Units that came on the ex-date are already new shares.
    """
    splits: dict[str, list[PostedSplit]] = defaultdict(list)
    for split in posted:
        splits[split.symbol].append(split)
    traded: dict[str, list[UnitsEntry]] = defaultdict(list)
    for entry in entries:
        traded[entry.symbol].append(entry)
    new = []
    for split in sorted(
        _believed(known, splits, source_order), key=lambda found: (found.symbol, found.ex_date)
    ):
        held = _units_before(split.ex_date, traded[split.symbol], splits[split.symbol])
        # A holding of 8 shares split 8:9 must not leave a tail no broker shows.
        delta = (held * split.split_ratio).quantize(UNIT_STEP, ROUND_DOWN) - held
        if held > 0 and delta != 0:
            entry = PostedSplit(split.symbol, split.ex_date, split.split_ratio, delta)
            splits[split.symbol].append(entry)
            new.append(entry)
    return tuple(new)


def _believed(
    known: Iterable[KnownSplit], posted: dict[str, list[PostedSplit]], source_order: Sequence[str]
) -> list[KnownSplit]:
    """Return each split once: not yet posted, from the first source that reports it."""
    believed: list[KnownSplit] = []
    trusted = [split for split in known if split.source in source_order]
    for split in sorted(trusted, key=lambda found: (source_order.index(found.source), found.ex_date)):
        others = [
            *posted.get(split.symbol, []),
            *(found for found in believed if found.symbol == split.symbol),
        ]
        if all(abs(other.ex_date - split.ex_date) > SAME_SPLIT_WITHIN for other in others):
            believed.append(split)
    return believed


def _units_before(ex_date: date, traded: list[UnitsEntry], splits: list[PostedSplit]) -> Decimal:
    starts_at = datetime.combine(ex_date, time(0), NEW_YORK)
    return sum((entry.units_delta for entry in traded if entry.happened_at < starts_at), Decimal(0)) + sum(
        (split.units_delta for split in splits if split.ex_date < ex_date), Decimal(0)
    )
