"""The daily report says what was said of splits of holdings in its week."""

from tests.database import rows
from tests.database.test_report import mails, saturday, valued, write  # noqa: F401 (fixtures)

FINDINGS = """
insert into desk.split_findings (
    portfolio_id, internal_symbol, ex_date, belief, new_shares, old_shares, reason, person, created_at
) values
    ('demo', 'ALDR', '2026-05-04', 'believed', 3, 1, 'of last month', 'operator', '2026-05-04 08:00:00+00'),
    ('demo', 'ALDR', '2026-06-10', 'believed', 4, 1, 'as announced', 'operator', '2026-06-11 08:00:00+00'),
    ('demo', 'ALDR', '2026-06-10', 'withdrawn', null, null, 'it was a spin-off', 'operator', '2026-06-12 08:00:00+00')
"""


def test_a_split_that_moved_the_books_is_told(valued):  # noqa: F811
    """Believed and taken back, each with its reason, in page, file and mail; an older one is not."""
    run_id = rows.add_run(valued, kind="daily")
    with rows.superuser(valued) as connection:
        connection.execute(FINDINGS)
    text = write(valued, run_id)
    (mail,) = mails(valued)
    for line in (
        "believed: ALDR 4:1 on 2026-06-10 (as announced)",
        "withdrawn: ALDR on 2026-06-10 (it was a spin-off)",
    ):
        assert f"Split of the week: {line}." in text and f"Split of the week: {line}" in mail["body_text"]
        assert line in mail["attachments"][0]["content"]
    assert "of last month" not in text + mail["body_text"]
