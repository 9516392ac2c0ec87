"""The daily report asks about a fill that the market of its day does not explain."""

from tests.database import rows
from tests.database.test_report import mails, saturday, valued, write  # noqa: F401 (fixtures)

# Of a week ago and older, plausible, odd, and of a session without a bar yet.
FILLS = """
insert into marts.fill_findings
select %(run)s, fill_id, 'demo-2026-W24-1', fill_id, 'ALDR', executed_at::timestamptz, 5, price_usd, 400, 99, 101, 400,
    price_usd between 99 and high_usd, true, true, true
from (values
    (1, '2026-06-06 07:59:59+00', 98, 101),
    (2, '2026-06-08 14:00:00+00', 100, 101),
    (3, '2026-06-08 14:00:00+00', 98.5, 101),
    (4, '2026-06-12 14:00:00+00', 100, null::numeric)
) as fill (fill_id, executed_at, price_usd, high_usd);
"""


def test_a_report_asks_about_what_the_market_of_its_day_does_not_explain(valued):  # noqa: F811
    """For a week of mornings, with ticket, line and figures; what is plausible is counted."""
    run_id = rows.add_run(valued, kind="daily")
    with rows.superuser(valued) as connection:
        connection.execute(FILLS.replace("%(run)s", f"'{run_id}'"))
    text = write(valued, run_id)
    (mail,) = mails(valued)
    counted = "1 of 3 plausible, 1 asked about, 1 without a bar of their day"
    asked = "line 3 ALDR of demo-2026-W24-1: the price of $98.50 is none the market had that day: $99.00 to $101.00"
    assert f"Fills of the week beside the market of their day: {counted}.\n- **{asked}**\n" in text
    assert f"Fills of the week: {counted}" in mail["body_text"] and f"Question: {asked}" in mail["body_text"]
    assert asked in mail["attachments"][0]["content"]
