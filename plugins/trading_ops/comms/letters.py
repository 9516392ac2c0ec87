"""
What the desk writes to people: ticket, reminder, escalation, report, alert.

Pure. A letter carries a summary, a link and the content hash, never an order line: the orders are on
the page, where a halt or an expiry still stops them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from trading_ops.comms.incident_codes import find_code
from trading_ops.wording.instants import in_full
from trading_ops.wording.templates import environment

_TEMPLATES = environment("trading_ops.comms")


@dataclass(frozen=True)
class Attachment:
    """A text file sent with a letter; content_type is e.g. `text/calendar; method=PUBLISH`."""

    filename: str
    content_type: str
    content: str


@dataclass(frozen=True)
class Letter:
    """What a mail says, without to whom."""

    subject: str
    body_text: str
    body_html: str
    attachments: tuple[Attachment, ...] = ()
    link: str | None = None


def compose(
    subject: str,
    paragraphs: Sequence[str],
    *,
    facts: Sequence[tuple[str, str]] = (),
    link: str | None = None,
    attachments: Sequence[Attachment] = (),
) -> Letter:
    """Return a letter in plain text and simple HTML from the same words."""
    words = {"subject": subject, "paragraphs": paragraphs, "facts": facts, "link": link}
    return Letter(
        # A header is one line, whatever a vendor or a person put into the words.
        subject=" ".join(subject.split()),
        body_text=_TEMPLATES.get_template("letter.txt.j2").render(words),
        body_html=_TEMPLATES.get_template("letter.html.j2").render(words),
        attachments=tuple(attachments),
        link=link,
    )


def alert_letter(
    code: str, detail: str, run_id: str | None, to_do: str, page: str, since_at: datetime | None = None
) -> Letter:
    """
    Return the letter that tells of an incident and what to do about it.

    `since_at` is when one began that nobody acknowledged.
    """
    known = find_code(code)
    facts = [
        ("Incident", code),
        ("Detail", detail),
        *([("Run", run_id)] if run_id else []),
        *([("Since", in_full(since_at))] if since_at else []),
        ("Whose it is", known.owner),
        ("What to do", to_do),
        ("It is over when", known.ends or "an operator closes it"),
    ]
    paragraphs = [f"{known.meaning.capitalize()}."]
    if since_at:
        paragraphs.append(
            f"Nobody has said that it is in hand. It is the {known.owner}'s; who is told now looks after it, or "
            "asks."
        )
    again = "Still open: " if since_at else ""
    return compose(f"{again}Incident {code}: {known.meaning}", paragraphs, facts=facts, link=page)


def release_letter(said: str, page: str) -> Letter:
    """Return the letter that tells of the end of a halt; `said` is who released it and why."""
    return compose("The halt is over", [f"{said}.", "Plans may trade again."], link=page)


def page_link(page_url: str, path: str) -> str:
    """Return the address of a path of the page."""
    return f"{page_url.rstrip('/')}{path}"
