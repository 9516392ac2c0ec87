"""
`make demo`: four weeks of the desk on a simulated market, through its real parts.

Airflow runs the DAGs, dbt builds in Postgres, a simulated executor works the confirm page over
HTTP. Every step has a name and is done once, so a demo that was cut off goes on where it stopped
and one that is finished only prints its table again.
"""

import argparse
import json
import sys
import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from trading_ops.config.files import read_policy
from trading_ops.db.connect import connect, queries
from trading_ops.exchange import sessions
from trading_ops.settings import Settings, demo_settings, read_settings
from trading_ops.simulation.broker import SimulatedBroker
from trading_ops.simulation.executor import Outcome, SimulatedExecutor, trade_lines
from trading_ops.simulation.market import MissingBars, SimulatedMarket
from trading_ops.tickets.build import TicketLine
from trading_ops.universe.instruments import universe_text
from trading_ops.wording.figures import gbp
from trading_ops_airflow.schedule import (
    DAILY_FOLLOWUP,
    DAILY_MARKET_DATA,
    DAILY_REMINDERS,
    WEEKLY_PLAN,
    DeskDag,
)
from trading_ops_stack import dbt_docs, stack
from trading_ops_stack.airflow_api import Airflow, DagRunResult
from trading_ops_stack.card import make
from trading_ops_stack.demo_summary import places, summary
from trading_ops_stack.keys import write_password

SEED = 20260306
# Enough history for a signal that looks 252 sessions back, and no more to write, load and build each week.
FIRST_BAR_DATE = date(2025, 1, 2)


@dataclass(frozen=True)
class Week:
    """One week of the story, named by its last session; None as an outcome means the line is forgotten."""

    as_of_date: date
    story: str
    mix: dict[int, str | None]
    companies_without_bars: int = 0
    confirms_late: bool = False


# New York changes its clocks on 8 March 2026 and London three weeks later: the first tickets carry the
# banner.
WEEKS = (
    Week(
        date(2026, 3, 6),
        "the book is built; line 5 is forgotten",
        {1: "DONE", 2: "PARTIAL", 3: "SKIPPED", 4: "FAILED", 5: None},
    ),
    Week(date(2026, 3, 13), "the forgotten line blocks, then it is confirmed", {}, confirms_late=True),
    Week(date(2026, 3, 20), "bars are missing for five companies", {}, companies_without_bars=5),
    Week(date(2026, 3, 27), "the bars arrived and the books agree", {}),
)


class DemoError(Exception):
    """A step of the demo did not end as the story needs; the message says which and where to look."""


def main(arguments: list[str] | None = None) -> int:
    """Run the demo; with --stop leave nothing running."""
    parser = argparse.ArgumentParser(prog="make demo", description="Four simulated weeks of the desk.")
    parser.add_argument("--stop", action="store_true", help="stop the desk at the end")
    options = parser.parse_args(arguments)
    started_at = time.monotonic()
    try:
        config = _prepare(demo_settings())
        live(config)
        print(
            f"\nthe demo took {time.monotonic() - started_at:.0f} s; `{make(config, 'down')}` stops the desk"
        )
        if options.stop:
            stack.down(config)
    except (DemoError, *stack.START_ERRORS) as error:
        print(f"make demo: {error}", file=sys.stderr)
        return 1
    return 0


def live(config: Settings) -> None:
    """Live through every week, then say where everything is."""
    demo = Demo(config)
    for week in WEEKS:
        demo.plan(week)
        demo.execute(week)
    dbt_docs.build(config)
    print(f"\n{summary(config)}\n\n{places(config)}")


class Demo:
    """The simulated market, broker and executor around a running desk."""

    def __init__(self, config: Settings) -> None:
        self._config = config
        self._book = {"portfolio_id": config.portfolio_id}
        self._airflow = Airflow.of(config)
        self._market = SimulatedMarket(SEED)
        opening_cash_gbp = read_policy(config).account.paper_opening_cash_gbp
        self._broker = SimulatedBroker(config.data / "simulated_broker.json", opening_cash_gbp)
        self._executor = SimulatedExecutor(config.local_url, "executor", write_password(config, "executor"))

    def plan(self, week: Week) -> None:
        """Saturday morning: the vendor delivers, the daily run and the plan run end in a ticket."""
        print(f"\nweek of {week.as_of_date}: {week.story}")
        self._set_clock(DAILY_MARKET_DATA.run_at(week.as_of_date))
        missing = self._market.symbols[: week.companies_without_bars]
        self._market.write_inbox(
            self._config.inbox,
            FIRST_BAR_DATE,
            week.as_of_date,
            faults=_missing_bars(missing, week.as_of_date),
        )
        self._run(DAILY_MARKET_DATA, week.as_of_date)
        self._set_clock(WEEKLY_PLAN.run_at(week.as_of_date))
        result = self._run(WEEKLY_PLAN, week.as_of_date)
        ticket = self._ticket(week)
        if ticket is None:
            raise DemoError(f"{result.dag_id} ended {result.state} without a ticket: {_broken(result)}")
        print(f"  ticket {ticket['ticket_id']}: {ticket['kind']}")

    def execute(self, week: Week) -> None:
        """
        Monday: the executor follows the ticket, types in what the broker shows, the follow-up run looks at
        it.
        """
        monday = sessions.execution_session(week.as_of_date)
        ticket = self._ticket(week)
        window = ticket["window_open_at"], ticket["window_close_at"]
        self._set_clock(window[0] + timedelta(minutes=20))
        if week.confirms_late:
            self._confirm_forgotten_line()
        if ticket["kind"] == "TRADE":
            self._trade(week, ticket, monday, executed_at=window[0] + timedelta(minutes=10))
        self._set_clock(window[1] + timedelta(minutes=5))
        self._submit_snapshot(monday, not_before=window[1])
        if None in week.mix.values():
            self._set_clock(window[1] + timedelta(minutes=20))
            self._run(DAILY_REMINDERS, monday)
        self._set_clock(DAILY_FOLLOWUP.run_at(monday))
        self._run(DAILY_FOLLOWUP, monday)

    def _trade(self, week: Week, ticket: dict, monday: date, executed_at: datetime) -> None:
        body = json.loads(ticket["body_json"])
        lines = [_line(entry) for entry in body["lines"]]
        prices_usd = self._market.opens_usd(monday)
        mix = {number: status for number, status in week.mix.items() if status}
        told = [line for line in lines if week.mix.get(line.line_number, "DONE") is not None]
        confirmed = self._confirmed(ticket["ticket_id"])
        outcomes = trade_lines(self._broker, ticket["ticket_id"], told, prices_usd, executed_at, mix)
        self._executor.confirm(
            ticket["ticket_id"],
            {number: outcome for number, outcome in outcomes.items() if number not in confirmed},
        )
        words = [f"{number} {outcome.status}" for number, outcome in sorted(outcomes.items())]
        print(
            f"  executor: line {', '.join(words)}{'; one line forgotten' if len(told) < len(lines) else ''}"
        )

    def _confirm_forgotten_line(self) -> None:
        with connect("desk_reader", self._config) as connection:
            waiting = list(queries.simulation.lines_without_confirmation(connection, **self._book))
        for row in waiting:
            outcome = Outcome("SKIPPED", notes="Simulated: forgotten, and not traded.")
            self._executor.confirm(row["ticket_id"], {row["line_number"]: outcome})
            print(f"  executor: confirms {row['ticket_id']} line {row['line_number']} late, as SKIPPED")

    def _submit_snapshot(self, monday: date, not_before: datetime) -> None:
        for symbol, ex_date, ratio in self._market.splits(WEEKS[0].as_of_date, monday):
            self._broker.apply_split(symbol, ex_date.isoformat(), ratio)
        with connect("desk_reader", self._config) as connection:
            newest_at = queries.simulation.newest_snapshot_at(connection, **self._book)
        if newest_at is None or newest_at < not_before:
            self._executor.submit_snapshot(self._broker.cash_gbp, self._broker.units)
            held = len(self._broker.units)
            print(f"  executor: broker shows {gbp(self._broker.cash_gbp)} and {held} positions")

    def _run(self, dag: DeskDag, session: date) -> DagRunResult:
        # What runs by the clock alone has no session of its own.
        key = session.isoformat() if dag.run_at else None
        dag_run_id = self._airflow.trigger(dag.dag_id, key, dag_run_id=f"demo__{session}")
        result = self._airflow.wait(dag.dag_id, dag_run_id, timeout_s=900)
        print(f"  {dag.dag_id}: {result.state}{_broken(result) and f' (red: {_broken(result)})'}")
        return result

    def _set_clock(self, now_at: datetime) -> None:
        with connect("desk_planner", self._config) as connection:
            set_at = queries.simulation.simulated_now_at(connection)
            if set_at is None or set_at < now_at:
                queries.clock.set_simulated_now(connection, now_at=now_at)

    def _ticket(self, week: Week) -> dict | None:
        with connect("desk_reader", self._config) as connection:
            return queries.simulation.newest_ticket_of_session(
                connection, **self._book, as_of_date=week.as_of_date
            )

    def _confirmed(self, ticket_id: str) -> set[int]:
        with connect("desk_reader", self._config) as connection:
            return {
                row["line_number"]
                for row in queries.simulation.confirmed_line_numbers(connection, ticket_id=ticket_id)
            }


def _prepare(config: Settings) -> Settings:
    """Write the simulated universe, start the desk, and return the settings with that universe."""
    if config.environment != "simulated":
        raise DemoError("the demo lives in made-up time; TRADING_OPS_ENVIRONMENT must be simulated")
    config.data.mkdir(parents=True, exist_ok=True)
    config.simulated_universe.write_text(universe_text(SimulatedMarket(SEED).universe()))
    config = read_settings(
        {**config.as_environment(), "TRADING_OPS_UNIVERSE": str(config.simulated_universe)}
    )
    stack.up(config)
    return config


def _line(entry: dict) -> TicketLine:
    return TicketLine(
        line_number=entry["line_number"],
        side=entry["side"],
        internal_symbol=entry["internal_symbol"],
        etoro_search_name=entry["etoro_search_name"],
        value_gbp=Decimal(entry["value_gbp"]),
        units_estimate=Decimal(entry["units_estimate"]),
        is_full_exit=entry["is_full_exit"],
        reference_price_usd=Decimal(entry["reference_price_usd"]),
        price_limit_usd=Decimal(entry["price_limit_usd"]),
        gbpusd_rate=Decimal(entry["gbpusd_rate"]),
    )


def _missing_bars(symbols: tuple[str, ...], as_of_date: date) -> tuple[MissingBars, ...]:
    return (MissingBars(tuple(symbols), (as_of_date,)),) if symbols else ()


def _broken(result: DagRunResult) -> str:
    return ", ".join(task for task, state in result.tasks.items() if state == "failed")


if __name__ == "__main__":
    sys.exit(main())
