"""A universe reaches Postgres as it was parsed."""

from planning import freeze_plan, on_saturday
from rows import superuser

from trading_ops.runs import UNIVERSE_COLUMNS
from trading_ops.simulation.market import SimulatedMarket


def test_a_parsed_universe_is_stored_column_by_column(desk):
    """What the parser read is what the run's universe says, row for row."""
    universe = SimulatedMarket(1).universe()
    run = freeze_plan(on_saturday(desk), universe=universe)
    with superuser(desk) as connection:
        rows = connection.execute(
            "select * from desk.config_universe where universe_hash = %s", (run.universe_hash,)
        ).fetchall()
    stored = {
        row["internal_symbol"]: {name: row[name] for name in UNIVERSE_COLUMNS} for row in rows
    }
    assert len(stored) > 100
    assert stored == {
        entry.internal_symbol: {name: getattr(entry, name) for name in UNIVERSE_COLUMNS}
        for entry in universe.entries
    }
