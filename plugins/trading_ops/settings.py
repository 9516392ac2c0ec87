"""
The environment, read once into one frozen object.

No other module reads an environment variable, so the list below is everything an operator can
turn. Rules of the desk (limits, windows, sizes) are policy and live in config/policy.yml.
"""

import os
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[2]


class SettingsError(Exception):
    """A setting has a value the desk cannot use; the message names the variable and what it accepts."""


@dataclass(frozen=True)
class Settings:
    """
    Every setting as TRADING_OPS_<NAME>, with the default for a machine with nothing installed.

    Paths are absolute. Passwords are never settings: libpq finds them in the pgpass file.
    """

    data: Path = PROJECT_ROOT / "var/data"
    environment: str = "simulated"
    portfolio_id: str = "demo"
    # Of a portfolio that does not exist yet; a production desk opens a live one.
    portfolio_kind: str = "simulated"
    policy: Path = PROJECT_ROOT / "config/policy.yml"
    universe: Path = PROJECT_ROOT / "config/universe.csv"
    # Which vendors are asked over HTTP, and the file of `source=key` lines (mode 0600) beside it.
    sources: Path = PROJECT_ROOT / "config/sources.yml"
    source_keys: Path = PROJECT_ROOT / "var/secrets/source_keys"
    db_host: str = "127.0.0.1"
    db_port: int = 54329
    db_name: str = "trading_ops"
    airflow_db: str = "airflow"
    pgpass: Path = PROJECT_ROOT / "var/secrets/pgpass"
    session_key: Path = PROJECT_ROOT / "var/secrets/session_key"
    airflow_port: int = 8074
    confirm_port: int = 8075
    confirm_url: str = "http://127.0.0.1:8075"
    mail: str = "file"
    mail_from: str = "desk@trading-ops.example"
    operator_email: str = "operator@trading-ops.example"
    executor_email: str = "executor@trading-ops.example"
    smtp_host: str = "127.0.0.1"
    smtp_port: int = 25
    dbt: Path = PROJECT_ROOT / ".venv-dbt/bin/dbt"
    qlib_runtime: str = "process"
    qlib_image: str = "trading-ops/qlib-runner:local"
    test_data: Path = PROJECT_ROOT.parent / "shared/data"

    @property
    def inbox(self) -> Path:
        """Where downloaded or simulated vendor files are dropped for the next load."""
        return self.data / "inbox"

    @property
    def simulated_universe(self) -> Path:
        """The universe file of the simulated market, once there is one."""
        return self.data / "universe.csv"

    def as_environment(self) -> dict[str, str]:
        """Return every setting as environment variables, for a child process of the same desk."""
        return {f"TRADING_OPS_{field.name.upper()}": str(getattr(self, field.name)) for field in fields(self)}

    def run_folder(self, run_id: str) -> Path:
        """The folder of one run's files."""
        return self.data / "runs" / run_id


_CHOICES = {
    "environment": ("production", "simulated"),
    "portfolio_kind": ("live", "paper", "simulated"),
    "mail": ("file", "smtp"),
    "qlib_runtime": ("process", "docker"),
}


def read_settings(environ: dict[str, str]) -> Settings:
    """
    Return the settings an environment describes.

    Raises SettingsError for an unknown TRADING_OPS_ name (a typo would be silently ignored
    otherwise), a port that is no number, or a word outside the accepted ones.
    """
    known = {f"TRADING_OPS_{field.name.upper()}": field for field in fields(Settings)}
    values = {}
    for name, text in environ.items():
        if not name.startswith("TRADING_OPS_") or text == "":
            continue
        if name not in known:
            raise SettingsError(f"{name} is not a setting; known are {', '.join(sorted(known))}")
        field = known[name]
        if field.type is int:
            if not text.isdecimal():
                raise SettingsError(f"{name}={text!r}: a whole number is expected")
            values[field.name] = int(text)
        elif field.type is Path:
            # Not resolved: a link is followed when it is used, and named as the operator named it.
            values[field.name] = Path(os.path.abspath(text))
        else:
            accepted = _CHOICES.get(field.name)
            if accepted and text not in accepted:
                raise SettingsError(f"{name}={text!r}: accepted are {' and '.join(accepted)}")
            values[field.name] = text
    if values.get("environment") == "production":
        values.setdefault("portfolio_kind", "live")
    config = Settings(**values)
    # The simulated market writes its universe beside its bars; nobody should have to point at it.
    if config.environment == "simulated" and "universe" not in values and config.simulated_universe.exists():
        config = replace(config, universe=config.simulated_universe)
    return config


@lru_cache
def settings() -> Settings:
    """Return the settings of this process."""
    return read_settings(dict(os.environ))
