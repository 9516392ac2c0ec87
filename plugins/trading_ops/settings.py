"""
The environment, read once into one frozen object.

No other module reads an environment variable, so the list below is everything an operator can
turn. Rules of the desk (limits, windows, sizes) are policy and live in config/policy.yml.
"""

import os
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any

from trading_ops.addresses import one_address

PROJECT_ROOT = Path(__file__).resolve().parents[2]


class SettingsError(Exception):
    """A setting has a value the desk cannot use; the message names the variable and what it accepts."""


def _setting(default: object, about: str) -> Any:
    return field(default=default, metadata={"about": about})


@dataclass(frozen=True)
class Settings:
    """
    Every setting as TRADING_OPS_<NAME>, with the default for a machine with nothing installed.

    Paths are absolute. Passwords are never settings: libpq finds them in the pgpass file. The table in
    docs/REFERENCE.md is made from this list.
    """

    data: Path = _setting(
        PROJECT_ROOT / "var/data", "where the desk keeps its files; what it runs lies beside it"
    )
    inboxes: str = _setting(
        "",
        "absolute folders, with `:` between them, that files may be loaded from as well; below the data folder "
        "they always may",
    )
    environment: str = _setting("simulated", "whether the desk lives in real time or is told the time")
    portfolio_id: str = _setting("demo", "the book this desk keeps")
    portfolio_kind: str = _setting(
        "simulated", "of a portfolio that does not exist yet; without it a production desk opens a live one"
    )
    policy: Path = _setting(PROJECT_ROOT / "config/policy.yml", "the limits and rules of the desk")
    universe: Path = _setting(PROJECT_ROOT / "config/universe.csv", "what may be bought, and its names")
    sources: Path = _setting(PROJECT_ROOT / "config/sources.yml", "which vendors are asked over HTTP")
    source_keys: Path = _setting(
        PROJECT_ROOT / "var/secrets/source_keys",
        "their keys, a line `source=key` each, in a file of mode 0600",
    )
    db_host: str = _setting("127.0.0.1", "where Postgres answers")
    db_port: int = _setting(54329, "its port")
    db_name: str = _setting("trading_ops", "the database of the desk")
    airflow_db: str = _setting("airflow", "the database of Airflow on the same server")
    pgpass: Path = _setting(PROJECT_ROOT / "var/secrets/pgpass", "the file of the roles' passwords")
    session_key: Path = _setting(
        PROJECT_ROOT / "var/secrets/session_key", "the key that signs the page's cookies"
    )
    airflow_port: int = _setting(8074, "the port of Airflow, on loopback")
    confirm_port: int = _setting(8075, "the port of the confirm page")
    confirm_bind: str = _setting("127.0.0.1", "the address of this machine the page answers on")
    confirm_certificate: str = _setting(
        "", "the file of the page's TLS certificate and chain (PEM); without it the page speaks plain HTTP"
    )
    confirm_certificate_key: str = _setting("", "the file of its private key (PEM)")
    confirm_url: str = _setting(
        "", "the page's address as the links in mails say it; without it where it answers"
    )
    trusted_proxies: str = _setting(
        "",
        "addresses or networks of the proxies in front of the page, with commas between them; whom they say "
        "they speak for is believed, and the brake on sign-in counts by it",
    )
    mail: str = _setting("file", "whether mail goes to a relay or into `mail/` below the data folder")
    mail_from: str = _setting(
        "desk@trading-ops.example", "whom mail comes from: an address, or `Trading Ops <desk@example.org>`"
    )
    operator_email: str = _setting("operator@trading-ops.example", "where the operator's mail goes")
    executor_email: str = _setting("executor@trading-ops.example", "where the executor's mail goes")
    smtp_host: str = _setting("127.0.0.1", "the mail relay")
    smtp_port: int = _setting(25, "its port")
    smtp_security: str = _setting(
        "",
        "how it is spoken to; without it tls on port 465, none with a relay on this machine that asks for no "
        "login, starttls otherwise",
    )
    smtp_user: str = _setting("", "who logs in at the relay; empty for one that asks for no login")
    smtp_password_file: Path = _setting(
        PROJECT_ROOT / "var/secrets/smtp_password", "the password, alone in a file of mode 0600"
    )
    smtp_ca_file: str = _setting(
        "", "the certificates (PEM) a relay is trusted by; without it those of this machine"
    )
    smtp_connection: str = _setting(
        "", "a connection of Airflow's that names host, port, login and password instead"
    )
    channels: Path = _setting(
        PROJECT_ROOT / "var/secrets/channels",
        "where tickets, reminders and alerts are told of as well, subject and link alone: a URL of apprise's a "
        "line, in a file of mode 0600",
    )
    dbt: Path = _setting(PROJECT_ROOT / ".venv-dbt/bin/dbt", "dbt, in an environment of its own")
    qlib_runtime: str = _setting("process", "whether the model's room is a process or a container")
    qlib_image: str = _setting("trading-ops/qlib-runner:local", "the image of that container")
    test_data: Path = _setting(PROJECT_ROOT.parent / "shared/data", "real vendor files, for the tests alone")

    @property
    def inbox(self) -> Path:
        """Where downloaded or simulated vendor files are dropped for the next load."""
        return self.data / "inbox"

    @property
    def inbox_roots(self) -> tuple[Path, ...]:
        """The folders beside the data folder that files may be loaded from."""
        return tuple(Path(folder) for folder in self.inboxes.split(":") if folder)

    @property
    def simulated_universe(self) -> Path:
        """The universe file of the simulated market, once there is one."""
        return self.data / "universe.csv"

    @property
    def page_url(self) -> str:
        """The address of the confirm page, as a person opens it."""
        scheme = "https" if self.confirm_certificate else "http"
        host = f"[{self.page_host}]" if ":" in self.page_host else self.page_host
        return self.confirm_url or f"{scheme}://{host}:{self.confirm_port}"

    @property
    def page_host(self) -> str:
        """An address the confirm page answers on, as this machine reaches it."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.confirm_bind, self.confirm_bind)

    @property
    def trusted_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks of `trusted_proxies`."""
        return networks(self.trusted_proxies)

    def as_environment(self) -> dict[str, str]:
        """Return every setting as environment variables, for a child process of the same desk."""
        return {variable(each.name): str(getattr(self, each.name)) for each in fields(self)}

    def run_folder(self, run_id: str) -> Path:
        """The folder of one run's files."""
        return self.data / "runs" / run_id


CHOICES = {
    "environment": ("production", "simulated"),
    "portfolio_kind": ("live", "paper", "simulated"),
    "mail": ("file", "smtp"),
    "smtp_security": ("tls", "starttls", "none"),
    "qlib_runtime": ("process", "docker"),
}


def networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Return the networks in a text, with commas between them. Raises ValueError for a word that is none."""
    return tuple(ip_network(word.strip()) for word in text.split(",") if word.strip())


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return f"TRADING_OPS_{name.upper()}"


def read_settings(environ: dict[str, str]) -> Settings:
    """
    Return the settings an environment describes.

    Raises SettingsError for an unknown TRADING_OPS_ name (a typo would be silently ignored
    otherwise), a port that is none, a proxy that is no network, a word outside the accepted ones, an
    inbox that is not absolute, a certificate without its key, an address to answer on or to mail to
    that is none.
    """
    known = {variable(each.name): each for each in fields(Settings)}
    values = {}
    for name, text in environ.items():
        if not name.startswith("TRADING_OPS_") or text == "":
            continue
        if name not in known:
            raise SettingsError(f"{name} is not a setting; known are {', '.join(sorted(known))}")
        known_as = known[name]
        if known_as.type is int:
            # Every number among the settings is a port.
            if not (text.isascii() and text.isdecimal() and 1 <= int(text[:6]) <= 65535):
                raise SettingsError(f"{name}={text!r}: a whole number from 1 to 65535 is expected")
            values[known_as.name] = int(text)
        elif known_as.type is Path:
            # Not resolved: a link is followed when it is used, and named as the operator named it.
            values[known_as.name] = Path(os.path.abspath(text))
        else:
            accepted = CHOICES.get(known_as.name)
            if accepted and text not in accepted:
                raise SettingsError(f"{name}={text!r}: accepted are {' and '.join(accepted)}")
            if known_as.name == "inboxes" and not all(map(os.path.isabs, filter(None, text.split(":")))):
                raise SettingsError(f"{name}={text!r}: accepted are absolute folders with `:` between them")
            values[known_as.name] = text
    if values.get("environment") == "production":
        values.setdefault("portfolio_kind", "live")
    config = Settings(**values)
    _look_at(config)
    # The simulated market writes its universe beside its bars; nobody should have to point at it.
    if config.environment == "simulated" and "universe" not in values and config.simulated_universe.exists():
        config = replace(config, universe=config.simulated_universe)
    return config


def _look_at(config: Settings) -> None:
    """Raise SettingsError for what only settings together, the machine or a parser can tell."""
    try:
        ip_address(config.confirm_bind)
    except ValueError:
        raise SettingsError(
            f"{variable('confirm_bind')}={config.confirm_bind!r}: an address of this machine is expected, such as "
            "192.168.1.20, or 0.0.0.0 for all of them"
        ) from None
    try:
        networks(config.trusted_proxies)
    except ValueError as error:
        raise SettingsError(
            f"{variable('trusted_proxies')}: {error}; addresses such as 10.0.0.7 or networks such as 10.0.0.0/24"
        ) from None
    for name in ("mail_from", "operator_email", "executor_email"):
        try:
            one_address(getattr(config, name))
        except ValueError as error:
            raise SettingsError(f"{variable(name)}={error}") from None
    if bool(config.confirm_certificate) != bool(config.confirm_certificate_key):
        raise SettingsError(
            f"{variable('confirm_certificate')} and {variable('confirm_certificate_key')} belong together: set both"
        )
    for name in ("confirm_certificate", "confirm_certificate_key"):
        path = getattr(config, name)
        if path and not os.access(path, os.R_OK):
            raise SettingsError(f"{variable(name)}={path!r}: no file that the desk's user can read")


@lru_cache
def settings() -> Settings:
    """Return the settings of this process."""
    return read_settings(dict(os.environ))
