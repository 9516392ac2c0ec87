"""The policy and the universe as the settings name them, parsed on every start and every freeze."""

from pathlib import Path

from trading_ops.bars.sources import LAYOUTS
from trading_ops.policy import Policy, parse_policy
from trading_ops.settings import Settings, SettingsError
from trading_ops.universe import Universe, parse_universe
from trading_ops.universe_aliases import with_aliases

# Lies beside the universe file; a desk without one has no dated names.
ALIASES_NAME = "vendor_aliases.csv"


def read_policy(config: Settings) -> Policy:
    """Return the policy of the desk. Raises PolicyError naming file, line and field."""
    return parse_policy(_read(config.policy, "TRADING_OPS_POLICY"), str(config.policy))


def read_universe(config: Settings) -> Universe:
    """Return the universe of the desk. Raises UniverseError naming file, line and field."""
    universe = parse_universe(_read(config.universe, "TRADING_OPS_UNIVERSE"), str(config.universe))
    aliases = config.universe.parent / ALIASES_NAME
    if not aliases.exists():
        return universe
    sources = {layout.source for layout in LAYOUTS}
    return with_aliases(
        universe, _read(aliases, "the folder of TRADING_OPS_UNIVERSE"), str(aliases), sources
    )


def _read(path: Path, setting: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path} cannot be read as text ({error}); {setting} names it"
        ) from error
