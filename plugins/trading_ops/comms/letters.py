"""
What the desk writes to people: ticket, reminder, escalation, report, alert.

Pure. A letter carries a summary, a link and the content hash, never an order line: the orders are on
the page, where a halt or an expiry still stops them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

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


def alert_letter(code: str, meaning: str, detail: str, run_id: str | None) -> Letter:
    """Return the letter that tells the operator of an incident."""
    facts = [("Incident", code), ("Detail", detail), *([("Run", run_id)] if run_id else [])]
    return compose(
        f"Incident {code}", [meaning.capitalize() + "." if meaning else "Something went wrong."], facts=facts
    )
