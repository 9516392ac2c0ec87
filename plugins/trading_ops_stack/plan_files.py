"""
`make run BARS=…`: the weekly plan once, on real files, for a paper portfolio.

Uses a database of its own, made anew each time, and a clock that stands on the morning after the
as-of session; the desk of `make up` is not touched.
"""

import argparse
import dataclasses
import sys
from datetime import date, timedelta
from pathlib import Path

from trading_ops.bars.ecb import load_ecb_rates
from trading_ops.bars.load import LoadError, LoadReport, left_alone_lines, load_folder
from trading_ops.config.files import read_policy
from trading_ops.db.connect import connect, queries
from trading_ops.exchange import sessions
from trading_ops.exchange.asked_day import session_named
from trading_ops.settings import PROJECT_ROOT, Settings, demo_settings
from trading_ops.universe.aliases import aliases_text
from trading_ops.universe.files import ALIASES_NAME, read_universe
from trading_ops.universe.instruments import Universe, universe_from_symbols, universe_text
from trading_ops_airflow.schedule import WEEKLY_PLAN
from trading_ops_stack import run_once, stack
from trading_ops_stack.people import add_people


class PlanFilesError(Exception):
    """The files cannot be planned on; the message says why."""


def main(arguments: list[str] | None = None) -> int:
    """
    Plan on a folder, file or zip and print the ticket; exit 0 when a ticket was issued, whatever its kind.
    """
    parser = argparse.ArgumentParser(prog="make run", description="One weekly plan on real files.")
    parser.add_argument("bars", type=Path, help="a folder, file or zip with end-of-day bars")
    parser.add_argument("--as-of", help="a session; the newest in the files by default")
    parser.add_argument("--benchmark", help="a symbol of the files; SPY by default")
    options = parser.parse_args(arguments)
    try:
        as_of_date = _session(options.as_of) if options.as_of else None
        print(plan(demo_settings(), options.bars, as_of_date, options.benchmark))
    except (PlanFilesError, LoadError, *stack.START_ERRORS) as error:
        print(f"make run: {error}", file=sys.stderr)
        return 1
    return 0


def plan(config: Settings, bars: Path, as_of_date: date | None, benchmark: str | None) -> str:
    """
    Load the files, freeze, plan, and return the ticket as markdown. Raises PlanFilesError when nothing can be
    planned.
    """
    if not bars.exists():
        raise PlanFilesError(f"{bars} does not exist")
    config = files_desk(config)
    read_policy(config)
    with run_once.at_work(config, is_made_anew=True):
        # A desk that knows no executor trades nothing.
        add_people(config)
        report = _load(config, bars)
        as_of_date = _as_of(config, as_of_date)
        universe = _universe(config, report, benchmark)
        _write_universe(config, universe)
        with connect("desk_planner", config) as connection:
            queries.clock.set_simulated_now(
                connection, now_at=sessions.daily_run_at(as_of_date) + timedelta(hours=1)
            )
        return _run(config, as_of_date)


def files_desk(config: Settings) -> Settings:
    """Return the settings of the desk that plans on files, beside the one `config` describes."""
    data = config.data.parent / "files"
    return dataclasses.replace(
        config,
        environment="simulated",
        portfolio_id="paper",
        portfolio_kind="paper",
        db_name=f"{config.db_name}_files",
        data=data,
        # A scheduler of the running desk would take the tasks of this run for its own.
        airflow_db=f"{config.airflow_db}_files",
        universe=data / "universe.csv",
    )


def _load(config: Settings, bars: Path) -> LoadReport:
    with connect("desk_loader", config) as connection:
        report = load_folder(connection, bars, f"files:{bars}", progress=print)
        load_ecb_rates(connection, f"ecb:{bars}")
    refused = "\n".join(f"  {item}" for item in report.refused)
    if not report.symbols:
        said = "\n".join(f"  {line}" for line in (*report.refused, *left_alone_lines(bars)))
        raise PlanFilesError(f"no file of {bars} holds end-of-day bars the desk can read:\n{said}")
    print(
        f"{report.rows_new:,} bars of {len(report.symbols)} symbols loaded"
        + (f"; refused:\n{refused}" * bool(refused))
    )
    return report


def _session(text: str) -> date:
    try:
        return session_named(text)
    except sessions.CalendarError as error:
        raise PlanFilesError(f"ASOF={text} {error}") from error


def _as_of(config: Settings, wanted: date | None) -> date:
    with connect("desk_loader", config) as connection:
        newest = queries.simulation.newest_bar_date(connection)
        oldest = wanted and queries.runs.first_bar_after(connection, as_of_date=wanted)
    if wanted is None:
        return sessions.session_on_or_before(newest)
    if wanted > newest:
        raise PlanFilesError(f"ASOF={wanted} is after the newest bar in the files ({newest})")
    if oldest:
        raise PlanFilesError(f"ASOF={wanted} is before the oldest bar in the files ({oldest})")
    return wanted


def _universe(config: Settings, report: LoadReport, benchmark: str | None) -> Universe:
    known = dataclasses.replace(config, universe=PROJECT_ROOT / "config/universe.csv")
    return universe_from_symbols(report.symbols, read_universe(known), benchmark)


def _write_universe(config: Settings, universe: Universe) -> None:
    config.universe.parent.mkdir(parents=True, exist_ok=True)
    config.universe.write_text(universe_text(universe))
    config.universe.with_name(ALIASES_NAME).write_text(aliases_text(universe))


def _run(config: Settings, as_of_date: date) -> str:
    done = run_once.run(config, WEEKLY_PLAN.dag_id, as_of_date.isoformat())
    with connect("desk_reader", config) as connection:
        ticket = queries.operator.newest_ticket(connection, portfolio_id=config.portfolio_id)
        if ticket is None:
            raise PlanFilesError(f"{WEEKLY_PLAN.dag_id} ended without a ticket; its log is {done['log']}")
        print(f"log {done['log']}\n")
        return queries.operator.ticket_markdown(connection, ticket_id=ticket["ticket_id"])


if __name__ == "__main__":
    sys.exit(main())
