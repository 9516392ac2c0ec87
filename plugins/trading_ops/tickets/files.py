"""A stored ticket as files people can keep."""

from collections.abc import Mapping
from pathlib import Path

from trading_ops.files import private_folder, write_whole


def write_ticket_files(stored: Mapping, folder: Path) -> None:
    """Write a stored ticket as <ticket_id>.md and .json; the latter hashes to content_sha256."""
    private_folder(folder)
    for suffix, text in ((".md", stored["body_markdown"]), (".json", stored["body_json"])):
        write_whole(folder / f"{stored['ticket_id']}{suffix}", text.encode())
