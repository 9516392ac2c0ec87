"""What the desk writes to people, and what it leaves out."""

from datetime import UTC, datetime, timedelta

import icalendar
import pytest

from tests.unit.tickets import records
from trading_ops.comms.letters import compose
from trading_ops.tickets.build import build_ticket, canonical_json, content_sha256
from trading_ops.tickets.letters import ticket_letter
from trading_ops.tickets.owed import Owed

URL = "https://desk.example"


def letter(record, mail_from: str = "desk@trading-ops.example", owed=()):
    """The letter of a run's ticket, written on Saturday morning."""
    ticket = build_ticket(record, now_at=records.SATURDAY_AT)
    content_hash = content_sha256(canonical_json(ticket))
    return ticket_letter(ticket, content_hash, URL, mail_from, records.SATURDAY_AT, owed=owed)


def test_a_trade_letter_has_counts_window_link_and_hash_but_no_order():
    """A halt after the mail still stops the orders, because they are not in it."""
    said = letter(records.record())
    assert said.subject == "[SIMULATED] TRADE 2026-W25 (demo-2026-W25-1)"
    for words in (
        "Sells: 2, about £1,544.57",
        "Buys: 1, £799.99",
        f"{URL}/confirm/demo-2026-W25-1",
        "this is not real money",
    ):
        assert words in said.body_text
    for text in (said.body_text, said.body_html, said.attachments[0].content):
        assert not any(word in text for word in ("Birch", "BRCH", "121.25", "103.00", "12.3456"))


def test_a_no_trade_letter_has_the_reasons_and_no_invite():
    """The operator can start mending from the mail."""
    said = letter(records.blocked_record())
    assert "Smallest fix: Load the bar of SIMX." in said.body_text
    assert said.attachments == ()


def test_a_no_trade_letter_says_who_owes_what_where_and_by_when():
    """To the person whose act clears it, it never says that there is nothing to do."""
    by_at = datetime(2026, 6, 20, 8, 0, tzinfo=UTC)
    owed = [Owed("executor", "snapshot", "snapshot", "type in what eToro shows: never done", by_at, by_at)]
    said = letter(records.blocked_record(), owed=owed)
    for words in (
        "On the page 1 thing left before the next plan, below.",
        "For the executor: type in what eToro shows: never done",
        f"Where: {URL}/snapshots/new",
        "= 09:00 London (BST)",
    ):
        assert words in said.body_text
    assert "left" not in letter(records.blocked_record()).body_text


def test_the_clock_banner_is_in_the_mail_of_a_mismatch_week():
    """And in no other."""
    words = "London is only 4 hours ahead of New York"
    assert words in letter(records.record(run=records.mismatch_run_row())).body_text
    assert words not in letter(records.record()).body_text


def test_live_money_carries_no_label():
    """The warning is for everything else."""
    run = records.run_row(portfolio_kind="live", environment="production", portfolio_id="main")
    said = letter(records.record(run=run))
    assert said.subject == "TRADE 2026-W25 (main-2026-W25-1)"
    assert "real money" not in said.body_text


def test_the_invite_is_the_execution_window_in_utc():
    """A calendar shows it at the right local time, with an alarm before."""
    calendar = icalendar.Calendar.from_ical(letter(records.record()).attachments[0].content)
    (event,) = calendar.walk("VEVENT")
    assert event["dtstart"].dt == datetime(2026, 6, 15, 13, 45, tzinfo=UTC)
    assert event["dtend"].dt == datetime(2026, 6, 15, 15, 0, tzinfo=UTC)
    assert event["dtstamp"].dt == records.SATURDAY_AT
    assert event["uid"] == "demo-2026-W25-1@trading-ops.example"
    assert event["summary"] == "SIMULATED: Execute demo-2026-W25-1"
    assert event.walk("VALARM")[0]["trigger"].dt == timedelta(minutes=-15)


@pytest.mark.parametrize("words", ["<script>alert(1)</script>", "a & b"])
def test_words_from_outside_are_escaped_in_html(words):
    """A vendor's or a person's text is text."""
    said = compose(words, [words], facts=[(words, words)], link="https://x.example/?a=1&b=2")
    assert words not in said.body_html
    assert words in said.body_text


def test_a_subject_is_one_line():
    """A second header cannot be smuggled in."""
    assert compose("a\r\nBcc: b", []).subject == "a Bcc: b"


@pytest.mark.parametrize(
    ("mail_from", "name", "domain"),
    [
        ("Trading Ops <desk@trading-ops.example>", "Trading Ops", "trading-ops.example"),
        ('"Desk, live" <desk@bücher.example>', "Desk, live", "xn--bcher-kva.example"),
        ("desk@trading-ops.example", "Trading Ops", "trading-ops.example"),
    ],
)
def test_a_senders_name_breaks_no_invite(mail_from, name, domain):
    """UID and organizer hold the address alone; PUBLISH asks for an organizer, calendars for a sequence."""
    (invite,) = letter(records.record(), mail_from).attachments
    (event,) = icalendar.Calendar.from_ical(invite.content).walk("VEVENT")
    assert (event["uid"], event["sequence"]) == (f"demo-2026-W25-1@{domain}", 0)
    assert (event["organizer"], event["organizer"].params["cn"]) == (f"mailto:desk@{domain}", name)
