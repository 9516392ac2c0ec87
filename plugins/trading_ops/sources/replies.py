"""
What a vendor's reply is: data, or one of the ways to say no.

Pure. Vendors refuse with HTTP 200, and their front ends answer with pages of their own, so the body
decides; the status counts only for a body nobody has seen before, and of that nothing is told but size and
kind. A bot check is told apart and reported as blocked. It is never answered.
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
)
_PAGE = re.compile(r"<!doctype html|<html|<script|<body", re.IGNORECASE)
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
# A refusal may say back what it was asked with, and a front end what it knows. What is told of one ends in a
# table that forgets nothing and in a mail, so whatever looks like a secret is left out.
_SECRETS = (
    (r"\?[^\s?=]+=\S+", "?[hidden]"),
    (
        r"\b([\w-]*(?:key|token|secret|passw\w*|pwd|signature|crumb|cookie|credentials?|session)"
        r"[\"'*]*\s*[=:]\s*)"
        r"[\"']?[^\s\"',;]+",
        r"\1[hidden]",
    ),
    (r"\b(bearer|basic|token|api.?key)\s+(?=\S*\d)\S{6,}", r"\1 [hidden]"),
    (r"(?=[\w+/=~.-]*\d)(?=[\w+/=~.-]*[a-z])[\w+/=~.-]{12,}|\d{12,}|[\w+/=~-]{24,}", "[hidden]"),
)


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
    for pattern, outcome in (*refusals, *_ANYBODY):
        if re.search(pattern, text, re.IGNORECASE):
            return _not_delivered(outcome, reply, _excerpt(text))
    size = f"{len(reply.body)} bytes of {_kind(text)}" if text else "no text"
    # A broken server's error page is a page as well, but says nothing about this desk.
    if _PAGE.search(text) and reply.status < 500:
        return _not_delivered("blocked", reply, size)
    return _not_delivered(_BY_STATUS.get(reply.status, "failed"), reply, size)


def _not_delivered(outcome: Outcome, reply: Reply, told: str) -> NotDelivered:
    return NotDelivered(outcome, f"{_MEANING[outcome]} (HTTP {reply.status}: {told})")


def _kind(text: str) -> str:
    if _PAGE.search(text):
        return "a web page"
    return "JSON" if text.startswith(("{", "[")) else "text"


def _excerpt(text: str) -> str:
    """Return what a person would read of a page, on one line, without what looks like a secret."""
    shown = re.sub(r"<(script|style)\b.*?(</\1>|$)|<[^>]*>", " ", text, flags=re.DOTALL | re.IGNORECASE)
    shown = "".join(one if one.isprintable() else " " for one in shown)
    for pattern, instead in _SECRETS:
        shown = re.sub(pattern, instead, shown, flags=re.IGNORECASE)
    return textwrap.shorten(shown, _SHOWN_CHARACTERS, placeholder=" ...")
