"""The policy and the universe as the settings name them, parsed on every start and every freeze."""

from trading_ops.policy import Policy, parse_policy
from trading_ops.settings import Settings, SettingsError
from trading_ops.universe_files import read_universe

__all__ = ["read_policy", "read_universe"]


def read_policy(config: Settings) -> Policy:
    """Return the policy of the desk. Raises PolicyError naming file, line and field."""
    try:
        text = config.policy.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{config.policy} cannot be read as text ({error}); TRADING_OPS_POLICY names it"
        ) from error
    return parse_policy(text, str(config.policy))
