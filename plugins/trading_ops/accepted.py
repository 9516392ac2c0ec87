"""
What the text of a setting may be.

Each function returns the value of a text, or raises ValueError with the accepted form.
"""

import grp
import os
import pwd
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path

from trading_ops.addresses import one_address

CHOICES = {
    "environment": ("production", "simulated"),
    "portfolio_kind": ("live", "paper", "simulated"),
    "mail": ("file", "smtp"),
    "smtp_security": ("tls", "starttls", "none"),
    "qlib_runtime": ("process", "docker"),
}


def value(name: str, kind: type, text: str) -> str | int | Path:
    """Return the value of a setting's text; `kind` is the type of the setting."""
    if kind is int:
        return port(text) if name.endswith("_port") else megabytes(text)
    if kind is Path:
        # Not resolved: a link is followed when it is used, and named as the operator named it.
        return Path(os.path.abspath(text))
    choices = CHOICES.get(name)
    if choices and text not in choices:
        raise ValueError(f"accepted are {' and '.join(choices)}")
    if name in _CHECKS:
        _CHECKS[name](text)
    return text


def port(text: str) -> int:
    """Return a TCP port."""
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:6]) <= 65535):
        raise ValueError("a whole number from 1 to 65535 is expected")
    return int(text)


def megabytes(text: str) -> int:
    """Return an amount of room on a disk, in MB."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 7):
        raise ValueError("a whole number of MB is expected, such as 1024")
    return int(text)


def folders(text: str) -> str:
    """Return absolute folders with `:` between them."""
    if not all(map(os.path.isabs, filter(None, text.split(":")))):
        raise ValueError("accepted are absolute folders with `:` between them")
    return text


def address(text: str) -> str:
    """Return an address to answer on."""
    try:
        ip_address(text)
    except ValueError:
        raise ValueError(
            "an address of this machine is expected, such as 192.168.1.20, or 0.0.0.0 for all of them"
        ) from None
    return text


def with_port(host: str, port_number: int) -> str:
    """Return an address and a port as URLs and servers write them: an IPv6 one in brackets."""
    return f"[{host}]:{port_number}" if ":" in host else f"{host}:{port_number}"


def readable_file(text: str) -> str:
    """Return the path of a file that this user can read."""
    if not (os.path.isfile(text) and os.access(text, os.R_OK)):
        raise ValueError("no file that the desk's user can read")
    return text


def networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Return the networks in a text, with commas between them."""
    try:
        return tuple(ip_network(word.strip()) for word in text.split(",") if word.strip())
    except ValueError as error:
        raise ValueError(f"{error}; addresses such as 10.0.0.7 or networks such as 10.0.0.0/24") from None


def web_address(text: str) -> str:
    """Return the address of a page."""
    if not re.fullmatch(r"https?://[^\s\"'<>]+", text):
        raise ValueError("an address is expected that begins with https:// or http://")
    return text


def ping_address(text: str) -> str:
    """Return an address that is called, which says whose it is: only inside TLS."""
    if not text.startswith("https://"):
        raise ValueError("an address is expected that begins with https://")
    return web_address(text)


_CHECKS = {
    "inboxes": folders,
    "confirm_bind": address,
    "confirm_certificate": readable_file,
    "confirm_certificate_key": readable_file,
    "confirm_url": web_address,
    "ping_url": ping_address,
    "trusted_proxies": networks,
    "mail_from": one_address,
    "operator_email": one_address,
    "executor_email": one_address,
}


def _others_in(group_id: int, owner_id: int) -> list[str]:
    """Return the names of who is in a group beside the owner of a file and the administrator."""
    with suppress(KeyError):
        named = set(grp.getgrgid(group_id).gr_mem)
        return sorted(
            user.pw_name
            for user in pwd.getpwall()
            if (user.pw_gid == group_id or user.pw_name in named) and user.pw_uid not in (0, owner_id)
        )
    return []


def is_desk(folder: Path, file_name: str) -> bool:
    """Whether a folder holds a desk: its file of settings, or the database of one told by its environment."""
    return any((folder / part).exists() for part in (file_name, "postgres"))


def lines_of_file(path: Path) -> Iterator[tuple[str, str]]:
    """
    Yield name and text of each line NAME=TEXT of a desk's file, nothing when there is none.

    Lines without text, blank ones and those that begin with # are left out. It says which database a
    halt stops: where somebody else may write it or its folder, nothing in it counts.
    """
    try:
        for place in (path, path.parent):
            found = place.stat()
            if found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX:
                raise ValueError(f"{place} can be written by everybody on this machine: chmod o-w {place}")
            # A group of its owner's own, which many machines make with the user, is nobody else.
            if found.st_mode & stat.S_IWGRP and (others := _others_in(found.st_gid, found.st_uid)):
                raise ValueError(f"{place} can be written by {', '.join(others)} as well: chmod g-w {place}")
            # The administrator may work on anybody's desk.
            if os.geteuid() and found.st_uid not in (0, os.geteuid()):
                raise ValueError(
                    f"{place} belongs to another user of this machine: chown it, or use your own"
                )
        if not path.is_file():
            raise ValueError(f"{path} cannot be read: it is no regular file")
        # Not splitlines: an editor and Docker show a line where it would see two.
        lines = path.read_text(encoding="utf-8").replace("\r\n", "\n").split("\n")
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from None
    seen = {"TRADING_OPS_DESK"}
    for number, line in enumerate(lines, start=1):
        if not line.replace("\t", " ").isprintable():
            raise ValueError(f"{path}, line {number}: holds a character that cannot be seen")
        name, equals, text = (part.strip() for part in line.partition("="))
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not equals or not name.startswith("TRADING_OPS_") or name in seen:
            raise ValueError(
                f"{path}, line {number}: a setting is expected, once, such as TRADING_OPS_DB_PORT=54329"
            )
        seen.add(name)
        if text:
            yield name, text
