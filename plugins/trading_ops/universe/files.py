"""
The universe as the settings name it: parsed on every start and every freeze.

A file is replaced as a whole or not at all, and what it held before is kept.
"""

import hashlib
from datetime import date, timedelta
from pathlib import Path

from trading_ops.config.files import decoded, read_bytes
from trading_ops.files import write_whole
from trading_ops.settings import Settings
from trading_ops.sources.vendors import LAYOUTS
from trading_ops.universe.aliases import with_aliases
from trading_ops.universe.instruments import Universe, UniverseError, parse_universe

# Lies beside the universe file; a desk without one has no dated names.
ALIASES_NAME = "vendor_aliases.csv"


def read_universe(config: Settings) -> Universe:
    """
    Return the universe of the desk.

    Raises UniverseError naming file, line and field, SettingsError for a file that is no text.
    """
    return universe_of(config, config.universe, read_bytes(config.universe))


def universe_of(config: Settings, path: Path, content: bytes) -> Universe:
    """Return what the universe of the desk would be with the content of `path`; raises as read_universe."""
    # A person verifies in real time, whatever the desk is told, and may be a day ahead of this machine.
    tomorrow = date.today() + timedelta(days=1)
    universe = parse_universe(decoded(path, content), str(path), tomorrow)
    aliases = config.universe.parent / ALIASES_NAME
    if not aliases.exists():
        return universe
    sources = {layout.source for layout in LAYOUTS}
    text = decoded(aliases, read_bytes(aliases))
    return with_aliases(universe, text, str(aliases), sources)


def replace_file(path: Path, before: bytes | None, after: bytes) -> Path | None:
    """
    Replace a file and return where the old one is kept, None when there was none.

    `before` is the content the caller has looked at. Raises UniverseError when the file holds
    something else by now; it is then left as it is.
    """
    found = path.read_bytes() if path.exists() else None
    if found != before:
        raise UniverseError(f"{path} was changed meanwhile; look at it and import again")
    kept = None
    if before is not None:
        # Named by its content, so an older copy is never written over.
        kept = path.with_name(f"{path.name}.{hashlib.sha256(before).hexdigest()[:12]}.bak")
        write_whole(kept, before)
    write_whole(path, after)
    return kept
