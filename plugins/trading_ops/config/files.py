"""
The policy and the universe as the settings name them: parsed on every start and every freeze.

A file is replaced as a whole or not at all, and what it held before is kept.
"""

from pathlib import Path

from trading_ops.config.policy import Policy, parse_policy
from trading_ops.config.text import text_of_file
from trading_ops.settings import Settings, SettingsError


def read_policy(config: Settings) -> Policy:
    """Return the policy of the desk. Raises PolicyError naming file, line and field."""
    return parse_policy(decoded(config.policy, read_bytes(config.policy)), str(config.policy))


def read_bytes(path: Path) -> bytes:
    """Return what a file holds. Raises SettingsError when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{path} cannot be read ({error.strerror})") from error


def decoded(path: Path, content: bytes) -> str:
    """Return what a file holds as text. Raises SettingsError naming the line that is none."""
    return text_of_file(content, str(path), SettingsError)
