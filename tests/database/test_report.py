"""The daily report: written every day, and honest about what was not computed."""

import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from tests.database import rows
from trading_ops.comms.incidents import record_incident
from trading_ops.db.connect import connect
from trading_ops.ops import halt
from trading_ops.plan.steps import decide
from trading_ops.reports.daily import write_daily_report

MARTS = """
create table marts.equity_daily (run_id text, portfolio_id text, session_date date, cash_gbp numeric,
    positions_value_gbp numeric, equity_gbp numeric, return_ratio numeric, growth_index numeric, drawdown_ratio numeric);
create table marts.drawdown_daily (run_id text, portfolio_id text, session_date date, counted_from_date date,
    unreviewed_drawdown_ratio numeric);
create table marts.gains (run_id text, portfolio_id text, paid_in_gbp numeric, realised_gbp numeric,
    unrealised_gbp numeric, dividends_gbp numeric, interest_gbp numeric, fees_gbp numeric, other_gbp numeric,
    gain_gbp numeric, price_gbp numeric, fx_gbp numeric);
create table marts.returns (run_id text, portfolio_id text, span text, from_date date, to_date date,
    time_weighted_ratio numeric, money_weighted_annual_ratio numeric, benchmark_ratio numeric);
create table marts.ledger_positions (run_id text, portfolio_id text, internal_symbol text, units numeric,
    close_usd numeric, value_gbp numeric);
create table marts.price_coverage (run_id text, as_of_date date, enabled_count integer, covered_count integer,
    coverage_ratio numeric, missing_symbols text, is_benchmark_present boolean);
create table marts.fill_findings (run_id text, fill_id bigint, ticket_id text, line_number integer,
    internal_symbol text, executed_at timestamptz, units numeric, price_usd numeric, value_gbp numeric, low_usd numeric,
    high_usd numeric, expected_value_gbp numeric, is_price_in_range boolean, is_in_session boolean,
    is_in_window boolean, is_value_plausible boolean);
grant select on all tables in schema marts to desk_reader;
"""
FIGURES = """
insert into marts.equity_daily values
    (%(run)s, 'demo', '2026-06-11', 9000, 900, 9900.00, -0.01, 0.99, 0.01),
    (%(run)s, 'demo', '2026-06-12', 9000, 1081, 10081.00, 0.01828282, 1.0081, 0);
insert into marts.gains values (%(run)s, 'demo', 10000, 60, 31.5, 7, 2, -19, -0.5, 81, 100, -8.5);
insert into marts.returns values
    (%(run)s, 'demo', '2026', '2026-06-11', '2026-06-12', 0.5, null, 0.5),
    (%(run)s, 'demo', 'all', '2026-06-11', '2026-06-12', 0.0081, 0.0712, 0.0123);
insert into marts.ledger_positions values
    (%(run)s, 'demo', 'ALDR', 12.5, 108.1, 1081.00),
    (%(run)s, 'demo', 'BRCH', 3.000000, null, null);
insert into marts.price_coverage values (%(run)s, '2026-06-12', 3, 2, 0.666667, 'CEDR', true);
"""


@pytest.fixture
def saturday(desk):
    """The desk on the plan's Saturday morning."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    return desk


@pytest.fixture
def valued(saturday):
    """The same desk with empty marts as dbt builds them."""
    with rows.superuser(saturday) as connection:
        connection.execute(MARTS)
    return saturday


def write(desk, run_id: str) -> str:
    """Write the report as the planner and return its markdown."""
    with connect("desk_planner", desk) as connection:
        path = write_daily_report(connection, run_id, desk)
    assert path == desk.data / "reports/daily_2026-06-12.html"
    return path.with_suffix(".md").read_text()


def mails(desk) -> list[dict]:
    """Return the report mails in the outbox."""
    with connect("desk_planner", desk) as connection:
        return connection.execute("select * from desk.outbox where kind = 'daily_report'").fetchall()


def test_a_report_has_the_books_figures(valued):
    """Equity, returns, drawdown, cash, positions and coverage, as the marts have them."""
    run_id = rows.add_run(valued, kind="daily")
    with rows.superuser(valued) as connection:
        connection.execute(FIGURES.replace("%(run)s", f"'{run_id}'"))
    text = write(valued, run_id)
    for line in (
        "# Daily report 2026-06-12 - SIMULATED",
        "| Equity | £10,081.00 |",
        "| Cash | £9,000.00 |",
        "| Return of the session | 1.83 % |",
        "| Return since the start | 0.81 % |",
        "| Drawdown from the peak | 0.00 % |",
        "| Paid in | £10,000.00 |",
        "| Gain since the start | £81.00 |",
        "| Fees | -£19.00 |",
        "| Of realised and unrealised: by the exchange rate | -£8.50 |",
        "| Money-weighted return a year | 7.12 % |",
        "| Benchmark since the start, in pounds, with dividends | 1.23 % |",
        "| ALDR | 12.5 | $108.10 | £1,081.00 | 10.72 % |",
        "| BRCH | 3 | unknown | unknown | unknown |",
        "2 of 3 enabled symbols have a bar of 2026-06-12 (66.67 %).",
        "Missing: CEDR",
        "Next rebalance: 2026-06-15.",
    ):
        assert line in text
    assert "Not everything" not in text
    gained = "£81.00 (£60.00 realised, £31.50 unrealised); return 0.81 %, benchmark 1.23 %"
    assert gained in mails(valued)[0]["body_text"]
    assert "Fills of the week" not in text and "Fills of the week" not in mails(valued)[0]["body_text"]


def test_a_report_is_written_when_dbt_built_nothing(saturday):
    """No mart exists: the report says what is missing and still tells the rest."""
    text = write(saturday, rows.add_run(saturday, kind="daily"))
    assert 'equity: relation "marts.equity_daily" does not exist' in text
    assert 'coverage: relation "marts.price_coverage" does not exist' in text
    assert "No plan run yet." in text
    assert "Next rebalance: 2026-06-15." in text
    assert "The account was last read from eToro: never." in text
    rows.add_snapshot(saturday, rows.SATURDAY_AT)
    rows.set_clock(saturday, rows.SATURDAY_AT + timedelta(days=2))
    text = write(saturday, rows.add_run(saturday, kind="daily", attempt=2))
    assert "The account was last read from eToro: 13 Jun 2026, 2 days ago." in text


def test_a_report_is_written_when_the_marts_are_empty_for_the_run(valued):
    """Yesterday's figures are not today's."""
    with rows.superuser(valued) as connection:
        connection.execute(FIGURES.replace("%(run)s", "'20200101-000000Z-git0123456'"))
    text = write(valued, rows.add_run(valued, kind="daily"))
    assert "equity: nothing was computed for this run" in text
    assert "10,081" not in text


def test_a_report_shows_gates_ticket_and_open_confirmations(valued):
    """What blocks and what waits for a person."""
    ticket_id = rows.add_trade_ticket(valued)
    rows.confirm_line(valued, ticket_id, 1)
    blocked = rows.add_plan_run(valued, attempt=2, frozen_at=rows.SATURDAY_AT + timedelta(minutes=1))
    rows.fail_gate(
        valued, blocked, "confirmation", "previous_ticket_confirmed", "line 2 is open", "Confirm it."
    )
    rows.pass_gate(valued, blocked, "risk")
    with connect("desk_planner", valued) as connection:
        decide(connection, blocked)
    text = write(valued, rows.add_run(valued, kind="daily"))
    assert "| confirmation | FAIL |" in text
    assert "- **previous_ticket_confirmed**: line 2 is open Smallest fix: Confirm it." in text
    assert "| data_quality | MISSING |" in text
    assert "- **judged**: The data_quality gate was never judged." in text
    assert "| risk | PASS |" in text
    assert "Why no trade: line 2 is open Smallest fix: Confirm it." in mails(valued)[0]["body_text"]
    assert "Newest: demo-2026-W25-1 TRADE, 1 of 2 lines confirmed, 1 still open." in text


def test_a_report_tells_todays_data_as_todays_and_the_plans_as_the_plans(valued):
    """Saturday's gates passed; on Tuesday bars are missing: the first line of the mail says so."""
    plan = rows.add_plan_run(valued)
    for gate in ("data_quality", "confirmation", "reconciliation", "risk"):
        rows.pass_gate(valued, plan, gate)
    run_id = rows.add_run(valued, kind="daily")
    rows.fail_gate(valued, run_id, "data_quality", "coverage", "9 bars are missing.", "Load them.")
    text = write(valued, run_id)
    assert (
        "**The data of 2026-06-12 would block a plan: 9 bars are missing. 1 open incident: DATA_STALE.**"
        in text
    )
    assert "## Data of 2026-06-12: FAIL" in text
    assert "- **coverage**: 9 bars are missing. Smallest fix: Load them." in text
    assert "on the data of 2026-06-12: run " + plan in text and "| data_quality | PASS |" in text
    (mail,) = mails(valued)
    first = mail["body_text"].split("\n\n")[1]
    assert (
        first == "The data of 2026-06-12 would block a plan: 9 bars are missing. 1 open incident: DATA_STALE."
    )
    assert "Data of 2026-06-12: FAIL" in mail["body_text"]
    owed = f"executor: type in what eToro shows: it was never done ({valued.page_url}/snapshots/new), by "
    assert owed in mail["body_text"] and f"- {owed}" in text


def test_a_day_whose_data_was_not_judged_is_no_good_day(valued):
    """Nothing found is not nothing wrong."""
    text = write(valued, rows.add_run(valued, kind="daily"))
    assert "would block a plan: The data_quality gate was never judged." in text
    halted = rows.add_run(valued, kind="daily", attempt=2)
    rows.pass_gate(valued, halted, "data_quality")
    assert (
        "**The desk runs, and could not compute all of its figures. 1 open incident: DATA_STALE.**"
        in write(valued, halted)
    )


def test_a_report_shows_incidents_since_the_last_report_and_the_halt(valued):
    """An old incident is not news; one since the last daily run is, over a weekend too."""
    with connect("desk_planner", valued) as connection:
        record_incident(connection, "DATA_STALE", "DATA_STALE:old", "an old story")
    last_report = rows.SATURDAY_AT + timedelta(minutes=1)
    rows.add_run(valued, kind="daily", weeks=-1, frozen_at=last_report)
    rows.set_clock(valued, rows.SATURDAY_AT + timedelta(days=3))
    with connect("desk_planner", valued) as connection:
        record_incident(connection, "STEP_FAILED", "STEP_FAILED:new", "<b>a new story</b>")
        halt.engage(connection, "drill", "operator")
    rows.set_clock(valued, rows.SATURDAY_AT + timedelta(days=5))
    text = write(valued, rows.add_run(valued, kind="daily"))
    assert "2026-06-16 08:00 UTC **STEP_FAILED**: <b>a new story</b>" in text
    news, _, still_open = text.partition("## Open incidents")
    assert "an old story" not in news and "an old story" in still_open
    assert "The desk is HALTED" in text
    html = (valued.data / "reports/daily_2026-06-12.html").read_text()
    assert "&lt;b&gt;a new story&lt;/b&gt;" in html
    assert "<b>a new story" not in html


class Loads(HTMLParser):
    """Collects everything a page would fetch from elsewhere."""

    def __init__(self):
        super().__init__()
        self.found, self.tags = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.found += [value for name, value in attrs if name in ("src", "href")]


def test_the_html_report_stands_alone_and_is_mailed_once(valued):
    """No address to fetch, and a rerun writes the file again without a second mail."""
    run_id = rows.add_run(valued, kind="daily")
    write(valued, run_id)
    path = valued.data / "reports/daily_2026-06-12.html"
    path.unlink()
    write(valued, run_id)
    page = Loads()
    page.feed(path.read_text())
    assert page.found == []
    assert page.tags.count("h2") == 6
    assert not re.search(r"@import|url\(", path.read_text())
    (mail,) = mails(valued)
    assert (mail["subject"], mail["recipient"]) == (
        "[SIMULATED] Daily report 2026-06-12",
        valued.operator_email,
    )
    assert mail["attachments"][0]["filename"] == "daily_2026-06-12.html"
    assert "Newest ticket: none yet" in mail["body_text"]


def test_an_unknown_run_has_no_report(valued):
    """A typo is an error, not an empty report."""
    with pytest.raises(ValueError, match="not a run"):
        write(valued, "20260612-000000Z-git0123456")
