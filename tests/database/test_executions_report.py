"""Intended against executed: spoken once the lines are confirmed and the day's bars are in, mailed once."""

from datetime import timedelta

import pytest

from tests.database import rows
from trading_ops.db.connect import connect, queries
from trading_ops.reports.executions import report_executions

MART = """
create table marts.fill_findings (
    run_id text, fill_id bigint, low_usd numeric, high_usd numeric, expected_value_gbp numeric, is_price_in_range boolean,
    is_in_session boolean, is_in_window boolean, is_value_plausible boolean
);
grant select on marts.fill_findings to desk_reader;
"""
FOUND = """
insert into marts.fill_findings
select %(run_id)s, fill_id, 98.5, %(high_usd)s, 510.00, %(high_usd)s >= price_usd, true, true, true
from desk.ledger_trades_fills
"""


@pytest.fixture
def ticket(desk) -> str:
    """A ticket of two purchases; the first is done, for 2 % more than planned, the second open."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    with rows.superuser(desk) as connection:
        connection.execute(MART)
    ticket_id = rows.add_trade_ticket(desk)
    rows.set_clock(desk, rows.WINDOW_OPEN_AT + timedelta(minutes=20))
    at = rows.WINDOW_OPEN_AT + timedelta(minutes=10)
    fill = {
        "units": "6.25",
        "price_usd": "102",
        "value_gbp": "510.00",
        "fee_gbp": "1.00",
        "executed_at": at.isoformat(),
    }
    rows.confirm_line(desk, ticket_id, 1, "DONE", [fill])
    return ticket_id


def report(desk, high_usd: str | None = "103", kind: str = "daily") -> list[str]:
    """Report by a run that knows this of the bar of the first line's fill."""
    with rows.superuser(desk) as connection:
        count = connection.execute("select count(*) as n from desk.runs").fetchone()["n"]
    run_id = rows.add_run(desk, kind=kind, attempt=count + 1)
    with rows.superuser(desk) as connection:
        connection.execute(FOUND, {"run_id": run_id, "high_usd": high_usd})
    with connect("desk_planner", desk) as connection:
        return report_executions(connection, run_id, desk)


def mails(desk) -> list[dict]:
    """Return what was written about executions."""
    with connect("desk_reader", desk) as connection:
        return connection.execute(
            "select * from desk.outbox where kind = 'executions' order by mail_id"
        ).fetchall()


def test_it_speaks_once_when_all_is_confirmed_and_the_bars_are_in(desk, ticket):
    """An open line, then a bar that is not there yet: silence. Then one mail each to both people, once."""
    assert report(desk, None) == []
    rows.confirm_line(desk, ticket, 2, "SKIPPED")
    assert report(desk, None) == [f"{ticket} waits for the bars of its fills: ALDR"]
    assert not mails(desk)
    (told,) = report(desk)
    assert "1 of 2 lines done in full (50.00 %), slippage £10.00 worse (2.00 %)" in told
    report(desk)
    assert [mail["recipient"] for mail in mails(desk)] == [desk.operator_email, desk.executor_email]
    text, folder = mails(desk)[1]["body_text"], desk.data / "reports"
    assert "Executed: £510.00 of £1,000.00" in text and "ALDR" not in text and f"/confirm/{ticket}" in text
    assert [file["filename"] for file in mails(desk)[1]["attachments"]] == [f"executions_{ticket}.html"]
    markdown = (folder / f"executions_{ticket}.md").read_text()
    figures = "£500.00 | £510.00 | 6.25 | $102.00 | $100.00 | $103.00 | £10.00 worse (2.00 %) | £1.00"
    assert f"| 1 | BUY ALDR DONE | {figures} |" in markdown
    assert "| 2 | BUY BRCH SKIPPED | £500.00 | £0.00 | 0 |" in markdown
    assert "QUESTION" not in markdown


def test_the_reconciliation_waits_for_no_bar(desk, ticket):
    """It is the last run before the next plan; that the price was not checked is said."""
    rows.confirm_line(desk, ticket, 2, "SKIPPED")
    report(desk, None, "reconciliation")
    assert len(mails(desk)) == 2
    html = (desk.data / f"reports/executions_{ticket}.html").read_text()
    assert "there is no bar of that day" in html


def test_a_price_no_market_had_is_in_the_report(desk, ticket):
    """And a ticket confirmed more than a week ago is not dug out."""
    rows.confirm_line(desk, ticket, 2, "SKIPPED")
    report(desk, "101.5")
    asked = "QUESTION: the price of $102.00 is none the market had that day: $98.50 to $101.50"
    assert asked in (desk.data / f"reports/executions_{ticket}.html").read_text()
    rows.set_clock(desk, rows.WINDOW_OPEN_AT + timedelta(days=8))
    assert report(desk) == []


def test_what_the_market_says_of_a_fill_is_kept_once_it_is_known_and_again_when_it_changes(desk, ticket):
    """Before its ticket is whole: no bar is none, the same again is none, a corrected bar is one more."""
    found = "select high_usd, is_price_in_range from desk.fill_findings order by finding_id"
    for high_usd, kept in ((None, []), ("103", [True]), ("103", [True]), ("101", [True, False])):
        report(desk, high_usd)
        with connect("desk_app", desk) as connection:
            assert [row["is_price_in_range"] for row in connection.execute(found)] == kept
    with connect("desk_app", desk) as connection:
        (fill,) = queries.page.fills(connection, ticket_id=ticket)
    assert (fill["high_usd"], fill["is_price_in_range"]) == (101, False)
