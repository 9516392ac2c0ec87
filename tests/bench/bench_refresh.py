"""
How long the daily refresh takes with ten times more history.

Run by `make bench`. Two desks on one embedded server hold the 95 real Alpha Vantage files: one all
of their 21 years, one the newest tenth. Both live through the same sessions: a file per symbol
with its newest 100 bars, as the vendor's short answer has, is loaded, a run is frozen, and dbt
builds the selector `prices` the way Airflow calls it. Rounds alternate, so another program's load
falls on both alike; the first session is not counted, because it parses the project.
"""

import argparse
import dataclasses
import statistics
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from tests.bench.scratch import fresh_desk, real_folder, server
from tests.conftest import environment_of
from trading_ops.bars.load import load_folder
from trading_ops.config.policy import Policy, parse_policy
from trading_ops.db.connect import connect
from trading_ops.exchange import sessions
from trading_ops.ledger.portfolio import ensure_portfolio
from trading_ops.runs.freeze import freeze
from trading_ops.settings import PROJECT_ROOT, Settings
from trading_ops.universe.instruments import Universe, universe_from_symbols
from trading_ops_airflow.dbt.command import start_dbt

ROUNDS = 7
# The files end on a Wednesday in April 2021; one of them on the Friday before.
LAST_DATE = date(2021, 4, 16)
NEWEST_BARS = 100
GOAL = 1.2

Files = dict[str, list[str]]


@dataclasses.dataclass
class Desk:
    """A desk, the files it is fed from, and the seconds its refreshes took."""

    config: Settings
    history: Files
    policy: Policy
    universe: Universe
    seconds: list[float]

    def live(self, folder: Path, as_of: date, bars_count: int | None) -> float:
        """Load what the vendor has after a session, freeze and build; return the seconds it took."""
        rows_count = _write(folder, self.history, as_of, bars_count)
        with connect("desk_planner", self.config) as connection:
            connection.execute("select desk.set_simulated_now(%s)", (sessions.daily_run_at(as_of),))
            ensure_portfolio(connection, self.config.portfolio_id, "simulated", self.policy)
        started = time.perf_counter()
        with connect("desk_loader", self.config) as connection:
            report = load_folder(connection, folder, f"{as_of}")
        assert not report.refused and rows_count, report.refused
        with connect("desk_planner", self.config) as connection:
            run = freeze(
                connection,
                kind="daily",
                as_of_date=as_of,
                idempotency_key=f"{as_of}",
                policy=self.policy,
                universe=self.universe,
                config=self.config,
            )
        _build(self.config, run.run_id)
        return time.perf_counter() - started


def main() -> int:
    """Measure and print; exit 1 when the goal is missed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = arguments.parse_args().rounds
    files = _read(real_folder("av_sp500_daily_adjusted") / "daily_adjusted")
    tenth = {name: [lines[0], *lines[-(len(lines) // 10) :]] for name, lines in files.items()}
    policy = parse_policy((PROJECT_ROOT / "config/policy.yml").read_text(), "config/policy.yml")
    universe = universe_from_symbols((name.split("-")[1] for name in files), Universe(()), "AAPL")
    days = sessions.sessions_between(date(2021, 3, 1), LAST_DATE)[-(rounds + 2) :]
    with (
        tempfile.TemporaryDirectory() as name,
        server() as config,
        fresh_desk(config) as short_desk,
        fresh_desk(config) as long_desk,
    ):
        folder = Path(name)
        desks = {
            title: Desk(dataclasses.replace(config, data=folder / title), history, policy, universe, [])
            for title, config, history in (
                ("the newest tenth", short_desk, tenth),
                ("21 years", long_desk, files),
            )
        }
        for place, day in enumerate(days):
            for title, desk in desks.items():
                seconds = desk.live(folder / f"{title} {day}", day, None if place == 0 else NEWEST_BARS)
                if place >= 2:
                    desk.seconds.append(seconds)
    for title, desk in desks.items():
        bars_count = sum(len(lines) - 1 for lines in desk.history.values())
        rounds_text = " ".join(f"{value:.2f}" for value in desk.seconds)
        print(
            f"  {title:<18} {bars_count:>7} bars {statistics.median(desk.seconds):7.2f} s   rounds: {rounds_text}"
        )
    short, long = (statistics.median(desk.seconds) for desk in desks.values())
    print(f"  daily refresh, 10x history {long / short:6.2f} x   goal: at most {GOAL}")
    return 0 if long / short <= GOAL else 1


def _build(config: Settings, run_id: str) -> None:
    target = config.data / "dbt" / run_id
    target.mkdir(parents=True)
    environ = {**environment_of(config), "PATH": "/usr/bin:/bin"}
    dbt = start_dbt(config, environ, "build", target, "--selector", "prices", run_id=run_id)
    said = dbt.stdout.read()
    if dbt.wait() != 0:
        raise SystemExit(said[-3000:])


def _read(folder: Path) -> Files:
    return {path.name: path.read_text().splitlines() for path in sorted(folder.glob("*.csv"))}


def _write(folder: Path, files: Files, last: date, bars_count: int | None) -> int:
    folder.mkdir(parents=True)
    rows_count = 0
    for name, (header, *lines) in files.items():
        kept = [line for line in lines if line[:10] <= last.isoformat()]
        kept = kept[-bars_count:] if bars_count else kept
        rows_count += len(kept)
        (folder / name).write_text("\n".join([header, *kept, ""]))
    return rows_count


if __name__ == "__main__":
    sys.exit(main())
