"""
config/sources.yml and the file of keys: which sources are asked over HTTP, in which order, and
what a request may cost.

Both are refused whole with file, line, field and accepted form; a key is never part of a message.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, create_model

from trading_ops.config.marked_yaml import Mistake, Section, count, parse_model
from trading_ops.config.secret_file import secret_lines
from trading_ops.config.text import shown, text_of_file
from trading_ops.sources.http_session import HttpSession
from trading_ops.sources.online import OnlineSource
from trading_ops.sources.vendors import ONLINE


class SourcesError(Exception):
    """Sources or keys the desk cannot use; the message names file, line, field and the accepted form."""


PositiveCount = count("a whole number of at least 1 and at most 10000, such as 3", ge=1, le=10_000)
Count = count("a whole number of at least 0 and at most 100, such as 3", ge=0, le=100)
Bytes = count("a whole number of bytes from 1 to 1000000000, such as 16000000", ge=1, le=1_000_000_000)
Seconds = Annotated[
    Decimal,
    BeforeValidator(lambda value: Decimal(value) if type(value) is int else value),
    Field(strict=True, gt=0, le=86400, description="seconds above 0, such as 20"),
]
# A key travels with the request, so it goes out encrypted or not at all.
_HOST = r"[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?"
_URL = rf"^(https://{_HOST}|http://(127\.0\.0\.1|localhost))(:[1-9][0-9]{{0,4}})?$"


def _with_a_port_that_exists(url: str) -> str:
    # Asked for, it is refused beyond 65535.
    _ = urlsplit(url).port
    return url


Url = Annotated[
    str,
    Field(
        strict=True,
        pattern=_URL,
        description="an address such as https://stooq.com or https://stooq.com:8443; http:// only on this machine",
    ),
    AfterValidator(_with_a_port_that_exists),
]
_SourceName = Annotated[
    str, Field(strict=True, description=f"a source that can be asked: {', '.join(sorted(ONLINE))}")
]


class FetchLimits(Section):
    """What one request to any source may cost, and how long a whole fetch may go on."""

    connect_timeout_s: Seconds
    read_timeout_s: Seconds
    total_timeout_s: Seconds
    reply_bytes_max: Bytes
    redirects_max: Count
    attempts_max: PositiveCount
    backoff_s: Seconds
    backoff_s_max: Seconds
    retry_after_s_max: Seconds
    fetch_s_max: Seconds


class SourceSection(Section):
    """Where a source is and how often it may be asked."""

    url: Url
    requests_per_minute: PositiveCount


# One optional section per source module, so that a new module needs nothing here.
_Sources = create_model(
    "_Sources", __base__=Section, **{name: (SourceSection | None, None) for name in sorted(ONLINE)}
)


class SourcesConfig(Section):
    """The whole of config/sources.yml."""

    sources_version: count("1", ge=1, le=1)
    fetch_order: Annotated[tuple[_SourceName, ...], Field(description="a list of source names, or []")]
    user_agent: Annotated[
        str,
        Field(
            strict=True,
            max_length=200,
            pattern=r"^[ -~]+$",
            description="plain text of at most 200 characters",
        ),
    ]
    limits: FetchLimits
    sources: _Sources

    def section(self, name: str) -> SourceSection | None:
        """Return the section of a source, if it has one."""
        return getattr(self.sources, name, None)


@dataclass(frozen=True)
class ReadySource:
    """A source that can be asked now."""

    online: OnlineSource
    http: HttpSession


def parse_sources(text: str, name: str) -> SourcesConfig:
    """Return the configuration a YAML text describes; `name` is the file the errors point at."""
    return parse_model(text, name, SourcesConfig, "the sources file", _contradictions, SourcesError)


def read_sources(path: Path) -> SourcesConfig:
    """Return the configuration of a file. Raises SourcesError."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SourcesError(f"{path} cannot be read ({error.strerror})") from None
    return parse_sources(text_of_file(content, str(path), SourcesError), str(path))


def read_keys(path: Path) -> dict[str, SecretStr]:
    """
    Return the keys of a file of `source=key` lines; without the file there are none.

    Raises SourcesError, which never shows what a line holds, also when others could read the file.
    """
    keys: dict[str, SecretStr] = {}
    for number, line in secret_lines(path, SourcesError):
        source, _, key = (part.strip() for part in line.partition("="))
        if source not in ONLINE or not re.fullmatch(r"[!-~]{1,256}", key):
            raise SourcesError(
                f"{path}:{number}: no key of a source; accepted: source=key with one of "
                f"{', '.join(sorted(ONLINE))} and a key without blanks"
            )
        if source in keys:
            raise SourcesError(f"{path}:{number}: {source}: given twice; accepted: once")
        keys[source] = SecretStr(key)
    return keys


def ready_sources(
    config: SourcesConfig, keys: dict[str, SecretStr], names: tuple[str, ...] | None = None
) -> tuple[list[ReadySource], list[str]]:
    """
    Return the sources to ask in order, and why each of the others is skipped.

    `names` are asked instead of `fetch_order`. Raises SourcesError for a name that cannot be asked.
    """
    ready, skipped = [], []
    for name in config.fetch_order if names is None else names:
        section = config.section(name)
        if name not in ONLINE or section is None:
            raise SourcesError(
                f"{name!r} cannot be asked; accepted: "
                + ", ".join(one for one in sorted(ONLINE) if config.section(one))
            )
        online, key = ONLINE[name], keys.get(name)
        if online.needs_key and key is None:
            skipped.append(f"{name}: it needs a key and the file of keys has none")
            continue
        http = HttpSession(section.url, config.limits, section.requests_per_minute, config.user_agent, key)
        ready.append(ReadySource(online, http))
    return ready, skipped


def _contradictions(config: SourcesConfig) -> list[Mistake]:
    found = []
    for index, name in enumerate(config.fetch_order):
        if name not in ONLINE:
            known = ", ".join(sorted(ONLINE))
            found.append((("fetch_order", index), f"{shown(name)} is not accepted", f"one of {known}"))
        elif config.section(name) is None:
            path = ("sources",)
            found.append((path, f"{name} is in fetch_order and has no section", "a section for it"))
    if len(set(config.fetch_order)) < len(config.fetch_order):
        found.append((("fetch_order",), "names a source twice", "each source once"))
    return found
