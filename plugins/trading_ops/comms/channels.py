"""
A second way to a person beside mail: Slack, Telegram, ntfy and whatever else apprise knows.

A channel is told the subject and the link, and nothing else is even stored for it. Its address is a
secret: it stays in its file, and rows and messages call a channel by its number.
"""

import logging
import re
from pathlib import Path

import psycopg

from trading_ops.comms.account import Undelivered
from trading_ops.comms.letters import Letter
from trading_ops.comms.outbox import enqueue
from trading_ops.config.secret_file import secret_lines
from trading_ops.settings import Settings, variable

# How the recipient of a row for a channel begins; no mail address does.
PREFIX = "channel:"


def read_channels(path: Path) -> dict[str, str]:
    """
    Return apprise's URL of each channel by `channel:<number>`; without the file there is none.

    Raises Undelivered, which never shows what a line holds, also when others could read the file.
    """
    lines = secret_lines(path, lambda why: Undelivered("failed", why))
    for number, line in lines:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*://\S+", line.strip()):
            raise Undelivered(
                "failed", f"{path}:{number}: no channel; accepted: an apprise URL, such as ntfys://host/topic"
            )
    return {f"{PREFIX}{place}": line.strip() for place, (_, line) in enumerate(lines, 1)}


def announce(
    connection: psycopg.Connection,
    *,
    dedupe_key: str,
    kind: str,
    letter: Letter,
    config: Settings,
    ticket_id: str | None = None,
) -> None:
    """Put what channels may know of a letter into the outbox, a row each, in the caller's transaction."""
    try:
        channels = list(read_channels(config.channels))
    except Undelivered:
        # What is wrong with the file is told where it is delivered; a ticket does not fail over it.
        channels = [f"{PREFIX}1"]
    for channel in channels:
        enqueue(
            connection,
            dedupe_key=f"{dedupe_key}:{channel}",
            kind=kind,
            recipient=channel,
            letter=Letter(letter.subject, letter.link or config.page_url, ""),
            ticket_id=ticket_id,
        )


def notify(path: Path, channel: str, subject: str, link: str) -> str:
    """Tell a channel now and return that it took it. Raises Undelivered."""
    url = read_channels(path).get(channel)
    if url is None:
        raise Undelivered("refused", f"{channel} is no longer in {variable('channels')}")
    service = url.partition("://")[0]
    try:
        fault = _fault(url, subject, link)
    except Exception as error:  # code of a hundred services, none of which may keep mail from going out
        # What they raise or log may quote the URL; a type or a status of HTTP does not.
        fault = f"failed with {type(error).__name__}"
    if fault:
        raise Undelivered(
            "failed", f"{channel} ({service}) {fault}; look at its line in {variable('channels')}"
        )
    return f"accepted by {channel} ({service})"


def _fault(url: str, subject: str, link: str) -> str | None:
    from apprise import Apprise, LogCapture, NotifyFormat

    # What they tell a debugger, and what is below them, holds the URL.
    for teller in ("apprise", "urllib3", "requests_oauthlib"):
        logging.getLogger(teller).setLevel(logging.WARNING)
        logging.getLogger(teller).propagate = False
    told = Apprise()
    with LogCapture(level=logging.WARNING) as log:
        if not told.add(url):
            return "is no URL that apprise understands"
        if told.notify(title=subject, body=link, body_format=NotifyFormat.TEXT):
            return None
        code = re.search(r"\berror=(\d{3})\b", log.getvalue())
    return f"answered {code[1]}" if code else "was not reached in time"
