"""
The whole desk on one machine: Postgres, Airflow, the confirm page.

    python -m trading_ops_stack.stack up|down|status|run

`up` may be called at any time, also after a crash or a half-finished start: it starts what is
missing and leaves alone what runs, so a changed setting takes effect after `down`. `down` stops
everything, Postgres last. What ends by itself or hangs meanwhile is started again by the supervisor, which
`up` starts last. `run` is `up` for systemd: it stays, and is the supervisor itself.
"""

import argparse
import sys
import time
from collections.abc import Callable

import psycopg

from trading_ops.config.files import read_policy
from trading_ops.config.policy import PolicyError
from trading_ops.exchange.calendar import OverridesError
from trading_ops.exchange.sessions import calendar_hash
from trading_ops.ops.identity import OtherDesk, identity, unasked
from trading_ops.settings import PROJECT_ROOT, Settings, SettingsError, demo_settings, settings
from trading_ops.universe.files import read_universe
from trading_ops.universe.instruments import UniverseError
from trading_ops.watch.resources import short_of_disk
from trading_ops_stack import health, postgres, service
from trading_ops_stack.airflow_api import Airflow, ApiError
from trading_ops_stack.airflow_database import migrate_airflow
from trading_ops_stack.card import StackError, require_own_page, write_card
from trading_ops_stack.components import components, start
from trading_ops_stack.environment import POOLS, airflow_url, room_environment, state_folder
from trading_ops_stack.keys import KeysError, airflow_password, write_keys
from trading_ops_stack.lock import only_one
from trading_ops_stack.people import add_people, found_book, sign_ins, told_once
from trading_ops_stack.ports import is_taken
from trading_ops_stack.processes import Process, stop_all
from trading_ops_stack.supervisor import notify, supervise

# What starting the stack may raise; each message is a sentence for the operator.
START_ERRORS = (
    StackError,
    postgres.ClusterError,
    ApiError,
    KeysError,
    SettingsError,
    OtherDesk,
    PolicyError,
    UniverseError,
    OverridesError,
    RuntimeError,
    OSError,
    psycopg.Error,
)


def up(config: Settings, say: Callable[[str], None] = print, with_supervisor: bool = True) -> None:
    """
    Start what does not run yet and return when DAGs can be triggered.

    Raises StackError, cluster.ClusterError or ApiError; each names the way on.
    """
    with only_one(config):
        started_at = time.monotonic()
        say(f"starting {unasked(config)}")
        # Said here, at the shell, and not on Saturday in a task's log.
        read_policy(config)
        read_universe(config)
        calendar_hash()
        processes = components(config)
        _require_free_ports(config, processes)
        write_keys(config)
        say("starting Postgres ...")
        postgres.initialise(state_folder(config) / "postgres", config)
        # It parses while Airflow migrates; a build that comes earlier waits for it.
        start(config, processes["dbt-server"])
        migrate_airflow(config, room_environment(config, "airflow"))
        say("starting Airflow and the confirm page ...")
        # The scheduler comes after the API answers: tasks that find no API burn all their tries.
        for name in ("api-server", "dag-processor", "confirm-page", "watcher"):
            start(config, processes[name])
        new_passwords = add_people(config)
        found_book(config)
        airflow = Airflow.of(config)
        _wait("api-server", processes, airflow.is_ready, 120)
        start(config, processes["scheduler"])
        for name, (slots, meaning) in POOLS.items():
            airflow.set_pool(name, slots, meaning)
        _wait("dag-processor", processes, lambda: _dags_are_known(airflow), 120)
        _wait("scheduler", processes, lambda: airflow.health().get("scheduler") == "healthy", 90)
        _wait("confirm-page", processes, lambda: is_taken(config.confirm_port, config.page_host), 60)
        start(config, processes["triggerer"])
        if with_supervisor:
            start(config, processes["supervisor"])
        card = write_card(config)
        require_own_page(config, card["instance_id"])
        say(
            f"the desk is up after {time.monotonic() - started_at:.0f} s: {identity(config)}\n{addresses(config)}"
        )
        if new_passwords and config.environment == "production":
            say("\n".join(told_once(new_passwords)))


def down(config: Settings, say: Callable[[str], None] = print) -> None:
    """Say which desk it is and stop every component, TERM first and KILL after 15 s, then Postgres."""
    with only_one(config):
        say(f"stopping {_which(config)}")
        stopped = stop_all(components(config).values())
        postgres.stop(state_folder(config) / "postgres")
        say(f"stopped: {', '.join(stopped) or 'nothing else ran'}; Postgres is down")


def desk_to_stop() -> Settings:
    """
    Return the desk `down` means: the one that is named, else of the live one and the demo the one that runs.

    Raises StackError when both do.
    """
    config, demo = settings(), demo_settings()
    if config.desk == demo.desk or not _runs(demo):
        return config
    if _runs(config):
        raise StackError(
            f"the demo and the desk of {config.desk} both run; say which one:\n"
            f"  make down DESK={demo.desk}    the demo\n  make down DESK={config.desk}    {_which(config)}"
        )
    return demo


def run(config: Settings, say: Callable[[str], None] = print) -> None:
    """Start the desk, tell systemd when it is up, and keep it running in the place of another supervisor."""
    supervisor = components(config)["supervisor"]
    # What it mended goes on, and the tasks at work in it.
    stop_all([supervisor], with_what_they_started=False)
    up(config, say, with_supervisor=False)
    supervisor.become()
    notify("READY=1")
    supervise(config)


def status(config: Settings, say: Callable[[str], None] = print) -> bool:
    """Say what runs and does its work, and return whether everything does."""
    found = {name: health.state(config, name) for name in (*health.NEEDS, "supervisor")}
    say(identity(config) if found["postgres"] == health.WELL else unasked(config))
    short = short_of_disk(config)
    for name, state in found.items():
        is_plain = state in (health.WELL, health.DOWN)
        say(f"  {state:<8} {name}" if is_plain else f"  PROBLEM  {name}: {state}")
    for line in short:
        say(f"  PROBLEM  {line}")
    unit = service.installed(config)
    say(
        f"  after a reboot: {f'{unit} starts it' if unit else 'nothing starts it; trading-ops service install'}"
    )
    is_well = not short and set(found.values()) == {health.WELL}
    if found["api-server"] == health.WELL:
        try:
            broken = [f"{name}: {error}" for name, error in Airflow.of(config).import_errors().items()]
            say("\n".join(broken) or addresses(config))
        except (ApiError, KeysError) as error:
            say(str(error))
            return False
    return is_well


def _runs(config: Settings) -> bool:
    return any(health.is_running(config, name) for name in ("postgres", *components(config)))


def _which(config: Settings) -> str:
    try:
        return identity(config) if health.state(config, "postgres") == health.WELL else unasked(config)
    except (OtherDesk, psycopg.Error):
        # What is stopped is what this folder started, whoever's database answers.
        return unasked(config)


def _require_free_ports(config: Settings, processes: dict[str, Process]) -> None:
    for name, host, port, setting in (
        ("api-server", "127.0.0.1", config.airflow_port, "TRADING_OPS_AIRFLOW_PORT"),
        ("confirm-page", config.page_host, config.confirm_port, "TRADING_OPS_CONFIRM_PORT"),
    ):
        if processes[name].group() is None and is_taken(port, host):
            raise StackError(
                f"port {port} for the {name} is used by another program: stop it, or choose a port with {setting}"
            )


def _wait(name: str, processes: dict[str, Process], is_ready: Callable[[], bool], timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_ready():
        if processes[name].group() is None or time.monotonic() >= deadline:
            raise StackError(
                f"{name} does not answer; the last lines of {processes[name].log_path}:\n"
                f"{processes[name].log_tail()}\nThen `make down` and `make up` again."
            )
        time.sleep(0.2)


def _dags_are_known(airflow: Airflow) -> bool:
    broken = airflow.import_errors()
    if broken:
        raise StackError(
            "a DAG file cannot be imported:\n" + "\n".join(f"{k}: {v}" for k, v in broken.items())
        )
    wanted = {path.stem for path in (PROJECT_ROOT / "dags").glob("*.py")}
    return wanted <= airflow.dag_ids()


def addresses(config: Settings) -> str:
    """Return where everything is and how to sign in, one per line."""
    lines = [f"  Airflow       {airflow_url(config)}  (admin / {airflow_password(config)})"]
    lines += [f"  Confirm page  {config.page_url}{sign_in}" for sign_in in sign_ins(config)]
    return "\n".join([*lines, f"  Logs          {state_folder(config) / 'logs'}"])


def main(arguments: list[str] | None = None) -> int:
    """Run one verb; a failure is a sentence on stderr and exit code 1."""
    parser = argparse.ArgumentParser(
        prog="python -m trading_ops_stack.stack", description="Start and stop the desk."
    )
    parser.add_argument("verb", choices=("up", "down", "status", "run"))
    verb = parser.parse_args(arguments).verb
    try:
        if verb == "status":
            return 0 if status(settings()) else 1
        {"up": up, "down": down, "run": run}[verb](desk_to_stop() if verb == "down" else settings())
    except START_ERRORS as error:
        print(f"make {verb}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
