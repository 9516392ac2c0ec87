"""How a report becomes its two files."""

from collections.abc import Mapping
from pathlib import Path

from trading_ops.files import private_folder, write_whole
from trading_ops.settings import Settings
from trading_ops.wording.templates import environment

TEMPLATES = environment("trading_ops.reports")


def rendered(name: str, words: Mapping) -> dict[str, str]:
    """Return a report as its templates tell it: the texts, by the ending of their file."""
    return {kind: TEMPLATES.get_template(f"{name}.{kind}.j2").render(words) for kind in ("md", "html")}


def write_pages(config: Settings, stem: str, texts: Mapping[str, str]) -> Path:
    """Write data/reports/<stem>.md and .html, each whole or not at all, and return the HTML file."""
    folder = private_folder(config.data / "reports")
    for kind, text in texts.items():
        write_whole(folder / f"{stem}.{kind}", text.encode())
    return folder / f"{stem}.html"
