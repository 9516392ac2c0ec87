"""
What a vendor's reply is: data, or one of the ways to say no.

Pure. Vendors refuse with HTTP 200, and their front ends answer with pages of their own, so the body
decides; the status counts only for a body nobody has seen before. A bot check is told apart and
reported as blocked. It is never answered.
"""

import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass

from trading_ops.sources.failure import NotDelivered, Outcome

# (pattern, outcome), the first match counts.
Refusals = tuple[tuple[str, Outcome], ...]

# What any front end may say; what only one vendor says stands in that vendor's module.
_ANYBODY: Refusals = (
    (r"captcha|verify your browser|enable javascript|__verify", "blocked"),
    (r"too many requests|rate.?limit", "limit"),
    (r"<!doctype html|<html|<script|<body", "blocked"),
)
_BY_STATUS: dict[int, Outcome] = {401: "blocked", 403: "blocked", 404: "not_found", 429: "limit"}
_MEANING = {
    "blocked": "the source refuses this desk",
    "limit": "the source's limit is reached",
    "no_data": "the source has nothing for the dates asked",
    "not_found": "the source does not carry the symbol",
    "failed": "an answer of an unknown kind",
}
# Every refusal seen so far says what it is within its first kilobytes.
_READ_BYTES, _SHOWN_CHARACTERS = 4096, 240


@dataclass(frozen=True)
class Reply:
    """A whole reply; `is_length_known` says whether a cut would have been noticed."""

    status: int
    body: bytes
    retry_after_s: float | None = None
    is_length_known: bool = True


IsData = Callable[[Reply], bool]


def examine(reply: Reply, is_data: IsData, refusals: Refusals) -> NotDelivered | None:
    """
    Return None for a reply that holds data, else why it does not.

    `is_data` may itself raise NotDelivered for data that is of no use.
    """
    if 200 <= reply.status < 300:
        try:
            if is_data(reply):
                return None
        except NotDelivered as refused:
            return refused
    text = reply.body[:_READ_BYTES].decode("utf-8", "replace").strip()
    outcome = _outcome(reply.status, text, refusals)
    return NotDelivered(outcome, f"{_MEANING[outcome]} (HTTP {reply.status}: {_excerpt(text) or 'no text'})")


def _outcome(status: int, text: str, refusals: Refusals) -> Outcome:
    for pattern, outcome in refusals:
        if re.search(pattern, text, re.IGNORECASE):
            return outcome
    for pattern, outcome in _ANYBODY:
        if re.search(pattern, text, re.IGNORECASE):
            # A broken server's error page is a page as well, but says nothing about this desk.
            is_breakdown = status >= 500 and pattern.startswith("<")
            return "failed" if is_breakdown else outcome
    return _BY_STATUS.get(status, "failed")


def _excerpt(text: str) -> str:
    """Return what a person would read of a page, on one line."""
    shown = re.sub(r"<(script|style)\b.*?(</\1>|$)|<[^>]*>", " ", text, flags=re.DOTALL | re.IGNORECASE)
    shown = "".join(one if one.isprintable() else " " for one in shown)
    return textwrap.shorten(shown, _SHOWN_CHARACTERS, placeholder=" ...")
