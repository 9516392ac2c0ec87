"""
Which desk this is: its folder, its file of settings and the environment, read once into one frozen object.

A desk is a folder; `desk.env` in it holds its settings, a line NAME=VALUE each, as Docker reads it. The
environment overrides the file. No other module reads an environment variable, so the list below is all an
operator can turn. Rules of the desk (limits, windows, sizes) are policy and live in config/policy.yml.
"""

import os
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any

from trading_ops import accepted

PROJECT_ROOT = Path(__file__).resolve().parents[2]
# Made by `make init`; the demo and the tests live beside it and never touch it.
LIVE_DESK = PROJECT_ROOT / "var/live"
FILE_NAME = "desk.env"


class SettingsError(Exception):
    """A setting has a value the desk cannot use; the message names the variable and what it accepts."""


def _setting(default: object, about: str) -> Any:
    return field(default=default, metadata={"about": about})


@dataclass(frozen=True)
class Settings:
    """
    Every setting as TRADING_OPS_<NAME>, with the default for a machine with nothing installed.

    Paths are absolute. Passwords are never settings. The table in docs/REFERENCE.md is made from this list.
    """

    desk: Path = _setting(
        PROJECT_ROOT / "var",
        "the desk's folder, with its settings in `desk.env`; `var/live` once `make init` has made it",
    )
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
    airflow_host: str = _setting("127.0.0.1", "where Airflow answers the watcher")
    airflow_port: int = _setting(8074, "the port of Airflow, on loopback")
    docs_port: int = _setting(8076, "the port `make docs` serves the dbt docs on, on loopback")
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
    smtp_ca_file: str = _setting("", "the certificates (PEM) a relay is trusted by; else this machine's")
    smtp_connection: str = _setting(
        "", "a connection of Airflow's that names host, port, login and password instead"
    )
    channels: Path = _setting(
        PROJECT_ROOT / "var/secrets/channels",
        "where tickets, reminders and alerts are told of as well, subject and link alone: a URL of apprise's a "
        "line, in a file of mode 0600",
    )
    ping_url: str = _setting("", "an https address that `trading-ops heartbeat` calls while the desk speaks")
    disk_free_mb_min: int = _setting(1024, "the room on a disk, in MB, below which people are told")
    dbt: Path = _setting(PROJECT_ROOT / ".venv-dbt/bin/dbt", "dbt, in an environment of its own")
    qlib_runtime: str = _setting("process", "whether the model's room is a process or a container")
    qlib_image: str = _setting("trading-ops/qlib-runner:local", "the image of that container")
    test_data: Path = _setting(PROJECT_ROOT.parent / "shared/data", "real vendor files, for the tests alone")

    @property
    def card(self) -> Path:
        """The file in which `make up` writes which desk it started."""
        return self.data.parent / "desk.json"

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
        return self.confirm_url or self.local_url

    @property
    def local_url(self) -> str:
        """The address of the confirm page on this machine."""
        scheme = "https" if self.confirm_certificate else "http"
        return f"{scheme}://{accepted.with_port(self.page_host, self.confirm_port)}"

    @property
    def page_host(self) -> str:
        """An address the confirm page answers on, as this machine reaches it."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.confirm_bind, self.confirm_bind)

    @property
    def trusted_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks of `trusted_proxies`."""
        return accepted.networks(self.trusted_proxies)

    def as_environment(self) -> dict[str, str]:
        """Return every setting as environment variables, for a child process of the same desk."""
        return {variable(each.name): str(getattr(self, each.name)) for each in fields(self)}

    def run_folder(self, run_id: str) -> Path:
        """The folder of one run's files."""
        return self.data / "runs" / run_id


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return f"TRADING_OPS_{name.upper()}"


def read_settings(environ: dict[str, str], file_name: str = FILE_NAME) -> Settings:
    """
    Return the settings an environment and the desk's file describe.

    Without TRADING_OPS_DESK no file is read. Raises SettingsError for an unknown TRADING_OPS_ name, which may
    be a typo, a text its setting does not accept, a file or line that cannot be used, a certificate without
    its key, or a production desk whose book has no name.
    """
    environ = {name: text for name, text in environ.items() if name.startswith("TRADING_OPS_") and text}
    values: dict[str, Any] = {}
    if folder := environ.get(variable("desk")):
        values, told = _of_desk(Path(os.path.abspath(folder)), file_name)
        environ = {**told, **environ}
    known = {variable(each.name): each for each in fields(Settings)}
    for name, text in environ.items():
        if name not in known:
            raise SettingsError(f"{name} is not a setting; known are {', '.join(sorted(known))}")
        try:
            values[known[name].name] = accepted.value(known[name].name, known[name].type, text)
        except ValueError as error:
            raise SettingsError(f"{name}={text!r}: {error}") from None
    if values.get("environment") == "production":
        values.setdefault("portfolio_kind", "live")
        if "portfolio_id" not in values:
            missing = f"{variable('portfolio_id')} is missing"
            raise SettingsError(f"{missing}: a desk in production names its own book, such as live_ops")
    config = Settings(**values)
    if bool(config.confirm_certificate) != bool(config.confirm_certificate_key):
        raise SettingsError(f"{variable('confirm_certificate')} and its _KEY belong together: set both")
    # The simulated market writes its universe beside its bars; nobody should have to point at it.
    if config.environment == "simulated" and "universe" not in values and config.simulated_universe.exists():
        config = replace(config, universe=config.simulated_universe)
    return config


def _of_desk(folder: Path, file_name: str) -> tuple[dict[str, Path], dict[str, str]]:
    """Return where the things of a desk's folder lie, and what its file says; paths there start from it."""
    paths = {each.name: each.default for each in fields(Settings) if each.type is Path}
    own = {
        name: folder / default.relative_to(Settings.desk)
        for name, default in paths.items()
        if default.is_relative_to(Settings.desk)
    }
    try:
        return own, {
            name: str(folder / text) if name in map(variable, paths) else text
            for name, text in accepted.lines_of_file(folder / file_name)
        }
    except ValueError as error:
        raise SettingsError(str(error)) from None


@lru_cache
def settings() -> Settings:
    """Return this process's settings: of the desk it is told by name, else of the live one or the demo's."""
    return _meant(LIVE_DESK if (LIVE_DESK / FILE_NAME).exists() else Settings.desk)


def choose_desk(folder: str) -> None:
    """Let this process and what it starts work on the desk of a folder."""
    os.environ[variable("desk")] = folder
    settings.cache_clear()


def demo_settings() -> Settings:
    """Return the settings for made-up or paper money: never the live desk's, unless told so."""
    return _meant(Settings.desk)


def _meant(desk: Path) -> Settings:
    named = os.environ.get(variable("desk")) or str(desk)
    if Path(os.path.abspath(named)) != Settings.desk and not accepted.is_desk(Path(named), FILE_NAME):
        raise SettingsError(f"no desk is in {named}: a slip? Only `make init DESK={named}` makes one")
    return read_settings({**os.environ, variable("desk"): named})
