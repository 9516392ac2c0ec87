"""
HTTP with an end to everything: time, bytes, redirects, attempts, and requests per minute.

A vendor's server may stall, trickle, cut off, send a bomb or send round in circles; whatever it
does, a request costs at most what the limits say. The key of a source never shows in a message or
a log.
"""

import asyncio
import logging
import re
import ssl
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import lru_cache
from html import unescape
from typing import Protocol
from urllib.parse import quote, quote_plus, unquote_plus

import httpx
from pydantic import SecretStr
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_exponential_jitter

from trading_ops.sources.failure import NotDelivered
from trading_ops.sources.replies import Reply

# It logs the address of every request, and Stooq's carries the key.
logging.getLogger("httpx").setLevel(logging.WARNING)

# So many characters of a key in a row give too much of it away, as in "your key abcdef… is not valid".
_KEY_PART = 6
_PASSING_STATUSES = (500, 502, 503, 504)


class RequestLimits(Protocol):
    """What one request may cost; config/sources.yml has the numbers."""

    connect_timeout_s: float
    read_timeout_s: float
    total_timeout_s: float
    reply_bytes_max: int
    redirects_max: int
    attempts_max: int
    backoff_s: float
    backoff_s_max: float
    retry_after_s_max: float


class _TryAgain(Exception):
    def __init__(self, refused: NotDelivered, wait_s: float | None = None) -> None:
        super().__init__(str(refused))
        self.refused = refused
        self.wait_s = wait_s


@dataclass
class HttpSession:
    """
    Requests to one source under its limits and with its key.

    `url` is the source's root without a trailing slash.
    """

    url: str
    limits: RequestLimits
    requests_per_minute: int
    user_agent: str
    key: SecretStr | None = None
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    _next_at: float = field(default=0.0, init=False)

    def get(
        self,
        path: str,
        params: dict[str, str],
        examine: Callable[[Reply], NotDelivered | None],
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """
        Return a reply that holds data.

        What may pass (a lost connection, a 5xx, a 429) is tried again with growing pauses, or the
        pause the server asks for. Raises NotDelivered with what `examine` says, or `failed`.
        """
        retrying = Retrying(
            retry=retry_if_exception_type(_TryAgain),
            stop=stop_after_attempt(self.limits.attempts_max),
            wait=self._pause_s,
            sleep=self.sleep,
            reraise=True,
        )
        try:
            return retrying(self._attempt, path, params, examine, headers or {})
        except _TryAgain as last:
            raise last.refused from None

    @property
    def secret(self) -> str:
        """The key, for the one header or parameter it belongs into; empty without one."""
        return self.key.get_secret_value() if self.key else ""

    def redacted(self, text: str) -> str:
        """Return a text without the key in it, however it was written there, or a larger part of it."""
        key = self.secret
        for form in filter(None, {key, quote(key, safe=""), quote(key), quote_plus(key)}):
            text = text.replace(form, "[key]")
        parts = {key[at : at + _KEY_PART].casefold() for at in range(len(key) - _KEY_PART + 1)}

        def told(word: re.Match) -> str:
            plain = unescape(unquote_plus(word[0])).casefold()
            return "[key]" if any(part in plain for part in parts) else word[0]

        return re.sub(r"\S+", told, text) if parts else text

    def _attempt(self, path: str, params: dict[str, str], examine, headers: dict[str, str]) -> Reply:
        self._wait_turn()
        try:
            reply = asyncio.run(self._request(path, params, headers))
        except (TimeoutError, httpx.TimeoutException):
            problem = f"no whole reply within {self.limits.total_timeout_s} s"
            raise _TryAgain(NotDelivered("failed", problem)) from None
        except (httpx.HTTPError, httpx.InvalidURL, zlib.error, OSError) as error:
            # What the machine says itself; any other error may hold what the server sent.
            is_own = isinstance(error, (httpx.ConnectError, OSError))
            problem = self.redacted(f"{type(error).__name__}: {error}") if is_own else type(error).__name__
            raise _TryAgain(NotDelivered("failed", problem)) from None
        refused = examine(reply)
        if refused is None:
            return reply
        refused = NotDelivered(refused.outcome, self.redacted(refused.detail))
        if reply.status in _PASSING_STATUSES and refused.outcome == "failed":
            raise _TryAgain(refused, self._asked_pause(reply, refused))
        # A limit told with another status is one for the day; asking again only annoys.
        if reply.status == 429 and refused.outcome == "limit":
            raise _TryAgain(refused, self._asked_pause(reply, refused))
        raise refused

    def _asked_pause(self, reply: Reply, refused: NotDelivered) -> float | None:
        if reply.retry_after_s is not None and reply.retry_after_s > self.limits.retry_after_s_max:
            raise NotDelivered(
                refused.outcome,
                f"{refused.detail}; asks for a pause of {reply.retry_after_s:.0f} s, "
                f"longer than {self.limits.retry_after_s_max} s",
            )
        return reply.retry_after_s

    def _pause_s(self, state: RetryCallState) -> float:
        asked_s = state.outcome.exception().wait_s
        if asked_s is not None:
            return asked_s
        limits = self.limits
        return wait_exponential_jitter(
            initial=float(limits.backoff_s), max=float(limits.backoff_s_max), jitter=float(limits.backoff_s)
        )(state)

    def _wait_turn(self) -> None:
        now = self.monotonic()
        if now < self._next_at:
            self.sleep(self._next_at - now)
        self._next_at = max(now, self._next_at) + 60 / self.requests_per_minute

    async def _request(self, path: str, params: dict[str, str], headers: dict[str, str]) -> Reply:
        limits = self.limits
        timeout = httpx.Timeout(float(limits.read_timeout_s), connect=float(limits.connect_timeout_s))
        # Only gzip, because that is what _read can unpack a bounded piece at a time.
        headers = {"User-Agent": self.user_agent, "Accept-Encoding": "gzip", **headers}
        client = httpx.AsyncClient(timeout=timeout, headers=headers, verify=_trusted())
        async with asyncio.timeout(float(limits.total_timeout_s)), client:
            request = client.build_request("GET", f"{self.url}{path}", params=params)
            # httpx would read the body of each redirect whole, so they are followed here.
            for _ in range(limits.redirects_max + 1):
                response = await client.send(request, stream=True)
                try:
                    if response.next_request is None:
                        return await self._read(response)
                    if request.url.scheme == "https" != response.next_request.url.scheme:
                        raise NotDelivered("failed", "redirected to an unencrypted address")
                    request = response.next_request
                finally:
                    await response.aclose()
        raise NotDelivered("failed", f"more than {limits.redirects_max} redirects")

    async def _read(self, response: httpx.Response) -> Reply:
        encoding = response.headers.get("content-encoding", "identity").lower()
        if encoding not in ("gzip", "identity"):
            known = encoding if encoding in ("br", "compress", "deflate", "zstd") else "something else"
            raise NotDelivered("failed", f"a reply packed with {known!r}; accepted is gzip")
        unpack = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
        bytes_max, body, received_bytes = self.limits.reply_bytes_max, bytearray(), 0
        async for piece in response.aiter_raw():
            received_bytes += len(piece)
            body += unpack.decompress(piece, bytes_max + 1 - len(body)) if unpack else piece
            if max(len(body), received_bytes) > bytes_max:
                raise NotDelivered("failed", f"more than {bytes_max} bytes")
        if unpack and received_bytes and not unpack.eof:
            raise ConnectionError("the packed reply is cut off")
        return Reply(
            response.status_code,
            bytes(body),
            _retry_after_s(response.headers),
            "content-length" in response.headers or "transfer-encoding" in response.headers,
        )


@lru_cache
def _trusted() -> ssl.SSLContext:
    # Reading the authorities takes longer than a request; once is enough.
    return httpx.create_ssl_context()


def _retry_after_s(headers: httpx.Headers) -> float | None:
    """Return the pause a server asks for, in seconds or as a date beside its own one, or None."""
    text = headers.get("retry-after", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        until, now = parsedate_to_datetime(text), parsedate_to_datetime(headers.get("date", ""))
        return max((until - now).total_seconds(), 0.0)
    except (TypeError, ValueError):
        return None
