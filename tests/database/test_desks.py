"""A desk for real money is set up, knows its people, and is never taken for another one."""

import dataclasses
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
from trading_ops.sources.config import read_keys, read_sources
from trading_ops.universe.files import read_universe
from trading_ops.wording.qr import qr_text
from trading_ops_stack import init, postgres
from trading_ops_stack.people import add_people

ANSWERS = {
    "operator": "olga", "operator_email": "olga@desk.example", "executor": "ed", "executor_email": "ed@desk.example",
    "mail_from": "desk@desk.example", "opening_cash_gbp": "5000.00", "smtp_host": "relay.desk.example",
    "confirm_url": "https://desk.example.org", "smtp_security": "tls", "fetch_order": "tiingo, ecb", "tiingo_key": "k3y",
    "benchmark": "AAPL", "positions": "msft, 2.5, 812.40, 2024-05-31; Apple (AAPL), 1, 90", "send_test_ticket": "true",
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


def test_a_desk_begins_with_what_the_account_holds(live):
    """Named as eToro or the universe does; one set with the cash, which `opening` shows."""
    units = "select string_agg(internal_symbol || ' ' || units, ', ' order by internal_symbol) from desk.positions_now"
    assert one(live, units) == "AAPL 1, MSFT 2.5"
    said = live.run("opening").stdout
    assert "£5,000.00" in said and "MSFT       2.5 units, cost £812.40, since 2024-05-31" in said


def test_a_desk_has_its_own_sources_keys_and_benchmark(live):
    """In its files; a key is in the one file that only its user reads, and nowhere in what was said."""
    assert read_sources(live.config.sources).fetch_order == ("tiingo", "ecb")
    assert read_keys(live.config.source_keys)["tiingo"].get_secret_value() == "k3y" and "k3y" not in live.said
    assert "k3y" not in (live.folder / "desk.env").read_text() and live.config.smtp_security == "tls"
    assert read_universe(live.config).benchmark.internal_symbol == "AAPL"
    assert "waits for ed@desk.example; when the desk is up, send it: trading-ops mail" in live.said
    assert one(live, "select recipient from desk.outbox where kind = 'test'") == "ed@desk.example"


def test_what_is_set_up_is_read_by_its_user_alone(live):
    """The folder, its settings and its secrets."""
    for path in (live.folder, live.folder / "secrets"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert stat.S_IMODE((live.folder / "desk.env").stat().st_mode) == 0o600
    assert live.config.policy == live.folder / "policy.yml" and live.config.universe.exists()


def test_setting_up_ends_with_what_is_missing(live):
    """Each with the way to mend it; `ready` says the same later, with an exit code for a script."""
    assert qr_text("https://desk.example.org") in live.said
    assert "open     a test ticket was confirmed: once the desk is up: trading-ops test-ticket" in live.said
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
    told = live.run("people", "list").stdout
    assert "carl             gone" in told and "mail for the executor goes to ed@desk.example" in told


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


def test_a_production_desk_has_a_name_for_its_book():
    """The live portfolio was once called `demo`."""
    with pytest.raises(SettingsError, match="PORTFOLIO_ID is missing"):
        read_settings({"TRADING_OPS_ENVIRONMENT": "production"})


def test_a_simulated_desk_keeps_its_first_people(desk):
    """`make up` lets in two, once; whoever was let in since stays."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    assert add_people(desk) == {}
