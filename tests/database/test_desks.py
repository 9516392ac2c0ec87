"""A desk for real money is set up, knows its people, and is never taken for another one."""

import dataclasses
import signal
import stat
import subprocess
import sys
import uuid

import psycopg
import pytest

from tests.conftest import free_port
from tests.database import rows
from trading_ops.db.connect import connect
from trading_ops.ops.identity import OtherDesk, database_desk, identity
from trading_ops.settings import PROJECT_ROOT, SettingsError, read_settings
from trading_ops.wording.qr import qr_text
from trading_ops_stack import init, postgres
from trading_ops_stack.people import add_people

ANSWERS = {
    "operator": "olga", "operator_email": "olga@desk.example", "executor": "ed", "executor_email": "ed@desk.example",
    "mail_from": "desk@desk.example", "opening_cash_gbp": "5000.00", "smtp_host": "relay.desk.example",
    "confirm_url": "https://desk.example.org",
}  # fmt: skip


class Shell:
    """A person at a shell, who names the desk."""

    def __init__(self, folder):
        self.folder = folder

    def run(self, *arguments, typed: str = "") -> subprocess.CompletedProcess:
        """Run `trading-ops --desk FOLDER …` as a person does."""
        return subprocess.run(
            [sys.executable, "-m", "trading_ops_stack", "--desk", self.folder, *arguments],
            env={"PYTHONPATH": f"{PROJECT_ROOT / 'plugins'}:{PROJECT_ROOT}", "PATH": "/usr/bin:/bin"},
            cwd=PROJECT_ROOT, input=typed, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    @property
    def config(self):
        """The settings its commands see."""
        return read_settings({"TRADING_OPS_DESK": str(self.folder)})


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    """A live desk from a file of answers, its Postgres running."""
    folder = tmp_path_factory.mktemp("desks") / "live"
    ports = {name: free_port() for name in ("db_port", "airflow_port", "confirm_port", "docs_port")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(init, "PORTS", ports)
        said = init.make_desk(folder, dict(ANSWERS))
    shell = Shell(folder)
    shell.said = said
    postgres.start(folder / "postgres", shell.config)
    yield shell
    postgres.stop(folder / "postgres")


def one(shell, statement: str):
    """Return the only value of a query."""
    with connect("desk_planner", shell.config) as connection:
        (row,) = connection.execute(statement).fetchall()
    return next(iter(row.values()))


def test_a_live_desk_has_its_book_its_people_and_its_cash(live):
    """In real time, under a name of its own, for the two people who were named."""
    assert live.config.environment == "production" and live.config.portfolio_id == "live_ops"
    assert one(live, "select kind from desk.portfolios where portfolio_id = 'live_ops'") == "live"
    assert one(
        live, "select string_agg(person_id || ' ' || role, ', ' order by person_id) from desk.people"
    ) == ("ed executor, olga operator")
    movement = "select kind || ' ' || amount_gbp || ' ' || person from desk.ledger_cash_movements"
    assert one(live, movement) == "deposit 5000.00 olga"
    assert add_people(live.config) == {}


def test_what_is_set_up_is_read_by_its_user_alone(live):
    """The folder, its settings and its secrets."""
    for path in (live.folder, live.folder / "secrets"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert stat.S_IMODE((live.folder / "desk.env").stat().st_mode) == 0o600
    assert live.config.policy == live.folder / "policy.yml" and live.config.universe.exists()


def test_setting_up_ends_with_what_is_missing(live):
    """Each with the way to mend it; `ready` says the same later, with an exit code for a script."""
    assert qr_text("https://desk.example.org") in live.said and "trading-ops test-ticket" in live.said
    assert "MISSING  the broker's account was typed in once: type in what eToro shows" in live.said
    assert "MISSING  mail reaches people: an example's address is nobody's: " in live.said
    done = live.run("ready")
    assert done.returncode == 1 and "MISSING  market data is loaded" in done.stdout
    assert "open     a backup was restored as a drill: no drill is known" in done.stdout


def test_a_folder_that_holds_a_desk_is_left_alone(live):
    """Nothing is asked, nothing changed."""
    before = (live.folder / "desk.env").read_bytes()
    done = live.run("init")
    assert done.returncode == 1 and "holds a desk already" in done.stderr
    assert (live.folder / "desk.env").read_bytes() == before


def test_a_second_desk_has_ports_of_its_own(live, monkeypatch):
    """Not those of the first, though nobody listens on three of them; the environment has its way."""
    first = {name: getattr(live.config, name) for name in init.PORTS}
    monkeypatch.setattr(init, "PORTS", first)
    page = free_port()
    monkeypatch.setenv("TRADING_OPS_CONFIRM_PORT", str(page))
    second = live.folder.parent / "second"
    said = init.make_desk(second, dict(ANSWERS))
    config = read_settings({"TRADING_OPS_DESK": str(second)})
    ports = {name: getattr(config, name) for name in first}
    assert ports["confirm_port"] == page and not set(ports.values()) & set(first.values())
    assert f"its ports: db {ports['db_port']}, airflow {ports['airflow_port']}, confirm {page}" in said
    monkeypatch.setenv("TRADING_OPS_DB_PORT", str(first["db_port"]))
    with pytest.raises(init.InitError, match="TRADING_OPS_DB_PORT=.* is used by another"):
        init.make_desk(live.folder.parent / "third", dict(ANSWERS))


def test_a_verb_says_first_which_desk_it_works_on(live):
    """From a fresh shell, before it acts."""
    done = live.run("status")
    assert done.returncode == 0, done.stderr
    assert done.stderr == f"live (production) · live_ops · halted no · {live.folder}\n"


def test_people_come_change_and_go(live):
    """A password is shown once, a new one ends sessions, who left may not decide any more."""
    done = live.run(
        "people", "add", "carl", "--role", "operator", "--email", "c@desk.example", "--person", "olga"
    )
    assert done.returncode == 0 and "may sign in as operator with the password" in done.stdout
    hashed = "select password_hash from desk.people where person_id = 'carl'"
    first = one(live, hashed)
    assert live.run("people", "password", "carl", "--person", "olga").returncode == 0
    assert one(live, hashed) != first
    assert live.run("people", "remove", "carl", "--person", "olga").returncode == 0
    assert one(live, hashed) == "!"
    done = live.run("release", "why", "--person", "carl")
    assert done.returncode == 1 and "nobody is called 'carl'" in done.stderr
    assert "carl             gone" in live.run("people", "list").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("remove", "olga", "--person", "olga"), "olga is the only operator"),
        (("role", "olga", "executor", "--person", "olga"), "olga is the only operator"),
        (
            ("add", "eve", "--role", "operator", "--email", "e@x.example", "--person", "ed"),
            "ed is no operator",
        ),
        (
            ("add", "Eve!", "--role", "operator", "--email", "e@x.example", "--person", "olga"),
            "a name is lower-case",
        ),
        (
            ("add", "shell", "--role", "operator", "--email", "e@x.example", "--person", "olga"),
            "a name is lower-case",
        ),
        (("add", "eve", "--role", "operator", "--email", "nowhere", "--person", "olga"), "no address"),
        (("add", "ed", "--role", "operator", "--email", "e@x.example", "--person", "olga"), "let in already"),
        (("password", "nobody", "--person", "olga"), "nobody is called 'nobody'"),
    ],
)
def test_nobody_is_let_in_by_mistake(live, arguments, message):
    """One sentence, exit code 1, nothing changed."""
    before = one(live, "select json_agg(people order by person_id)::text from desk.people")
    done = live.run("people", *arguments)
    assert done.returncode == 1 and message in done.stderr
    assert "Traceback" not in done.stderr
    assert one(live, "select json_agg(people order by person_id)::text from desk.people") == before


def test_another_desks_postgres_is_not_taken_for_ours(live, desk):
    """The wrong folder in a fresh shell once halted whichever database answered."""
    other = dataclasses.replace(live.config, db_host=desk.db_host, db_port=desk.db_port, db_name=desk.db_name)
    with pytest.raises(OtherDesk, match="another desk's answers there"):
        identity(other)


def test_a_database_of_another_environment_or_number_is_refused(desk, tmp_path):
    """The card `make up` wrote names the database this folder belongs to."""
    with pytest.raises(OtherDesk, match="is a simulated one, but this desk .* is production"):
        database_desk(dataclasses.replace(desk, environment="production"))
    mine = dataclasses.replace(desk, data=tmp_path / "data")
    mine.card.write_text(f'{{"instance_id": "{uuid.uuid4()}"}}')
    with pytest.raises(OtherDesk, match="belongs to another desk"):
        identity(mine)
    mine.card.write_text("half a fi")
    assert identity(mine).startswith("simulated (simulated) · demo · halted no")


def test_a_database_that_does_not_answer_is_said_in_a_line(live):
    """Neither a traceback nor another desk."""
    config = dataclasses.replace(live.config, db_port=free_port())
    with pytest.raises(psycopg.OperationalError):
        identity(config)


def test_half_a_desk_is_none(tmp_path, monkeypatch):
    """What broke on the way leaves no folder that a later command takes for a desk."""
    monkeypatch.setattr(init, "PORTS", {"db_port": free_port()})

    def broken(*_):
        raise postgres.ClusterError("no room")

    monkeypatch.setattr(postgres, "initialise", broken)
    with pytest.raises(postgres.ClusterError):
        init.make_desk(tmp_path / "live", dict(ANSWERS))
    assert not (tmp_path / "live").exists()


def test_a_desk_whose_making_was_killed_is_said_to_be_half_made(tmp_path):
    """It was called another desk's database, and its server kept the port from every other try."""
    folder = tmp_path / "live"
    port = free_port()
    script = (
        "import os, signal; from trading_ops_stack import init, postgres; from pathlib import Path\n"
        f"init.PORTS = dict(db_port={port})\n"
        "init.let_in = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"init.make_desk(Path({str(folder)!r}), {ANSWERS!r})"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=PROJECT_ROOT, timeout=120, check=False)
    try:
        assert done.returncode == -signal.SIGKILL and postgres.is_running(folder / "postgres")
        with pytest.raises(init.InitError, match=f"half made.*rm -r {folder}"):
            init.make_desk(folder, dict(ANSWERS))
        assert not postgres.is_running(folder / "postgres")
    finally:
        postgres.stop(folder / "postgres")


def test_a_production_desk_has_a_name_for_its_book():
    """The live portfolio was once called `demo`."""
    with pytest.raises(SettingsError, match="PORTFOLIO_ID is missing"):
        read_settings({"TRADING_OPS_ENVIRONMENT": "production"})


def test_a_simulated_desk_keeps_its_first_people(desk):
    """`make up` lets in two, once; whoever was let in since stays."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    assert add_people(desk) == {}
