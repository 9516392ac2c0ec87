"""The task that loads bars: what it may open, what it says of the rest, and which sessions it works on."""

import zipfile
from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowFailException

from tests.conftest import environment_of
from tests.database import rows
from tests.database.bar_folders import HEADER, ROWS, write
from tests.unit.sources.replay_server import answer, replaying
from tests.unit.sources.test_source_ecb import envelope
from trading_ops.bars.files import LoadError
from trading_ops.bars.report import loads_text, report_of_load, report_text
from trading_ops.comms.mail import deliver_pending
from trading_ops.db.connect import connect
from trading_ops.exchange.sessions import newest_complete_session
from trading_ops.reports.daily import write_daily_report
from trading_ops.reports.universe import write_universe_report
from trading_ops.runs.run import RunError
from trading_ops.settings import PROJECT_ROOT, settings
from trading_ops_airflow import partition
from trading_ops_airflow.tasks.bars import load_bars
from trading_ops_airflow.tasks.runs import freeze_inputs

SECRET = "canary-eyJhbGciOiJIUzI1NiJ9"
PGPASS = f"127.0.0.1:54329:*:desk_owner:{SECRET}\n"


@pytest.fixture
def task(desk, monkeypatch):
    """Call a task of a daily run for a session, as Airflow does, on the desk's Saturday morning."""
    server = f"{desk.db_host}:{desk.db_port}/{desk.db_name}"
    connections = {
        f"AIRFLOW_CONN_{role.upper()}": f"postgresql://{role}@{server}?cursor=dictcursor"
        for role in ("desk_loader", "desk_planner", "desk_mailer")
    }
    for name, text in (environment_of(desk) | connections).items():
        monkeypatch.setenv(name, text)
    settings.cache_clear()
    rows.set_clock(desk, rows.SATURDAY_AT)
    desk.inbox.mkdir(parents=True)

    def called(of=load_bars, session: str = "2026-06-12", inbox=None, conf_session: str | None = None):
        dag_run = SimpleNamespace(partition_key=session, dag_id="daily_market_data", run_id="manual__1")
        params = {"session": conf_session, "inbox": inbox and str(inbox)}
        monkeypatch.setattr(
            partition, "get_current_context", lambda: {"dag_run": dag_run, "params": params, "ti": None}
        )
        monkeypatch.setattr(
            "airflow.sdk.get_current_context", lambda: {"ti": SimpleNamespace(try_number=1, max_tries=2)}
        )
        return of.function()

    return called


def everything_kept(desk) -> str:
    """Return every row of every table, and every file the desk has written, as text."""
    kept = []
    with rows.superuser(desk) as connection:
        tables = connection.execute(
            "select format('%I.%I', schemaname, tablename) as name from pg_tables "
            "where schemaname not in ('pg_catalog', 'information_schema')"
        ).fetchall()
        assert len(tables) > 35
        for table in tables:
            kept += [
                str(row) for row in connection.execute(f"select whole::text from {table['name']} as whole")
            ]
    written = [path for path in desk.data.rglob("*") if path.is_file() and desk.inbox not in path.parents]
    assert {"mail", "reports"} <= {path.relative_to(desk.data).parts[0] for path in written}
    return "\n".join(kept + [path.read_bytes().decode("utf-8", "replace") for path in written])


def plant(folder, secrets) -> None:
    """Put one good file and a secret in every form an inbox can hold one."""
    write(folder, "GOOD.csv", *ROWS)
    secrets.mkdir()
    for name in ("pgpass", "jwt.csv", "AAPL.csv"):
        (secrets / name).write_text(PGPASS)
    for name in (
        "pgpass",
        "session_key.txt",
        "keys.csv",
        "NVDA.csv",
        "nvda_us_d.csv",
        "FX-GBPUSD.csv",
        "SIM-AAAA.csv",
    ):
        (folder / name).write_text(PGPASS)
    (folder / "TSLA.csv").write_text(f"user,{SECRET}\nx,{SECRET}\n")
    (folder / "IBM.csv").write_text(HEADER + ROWS[0] + f"Error: apikey={SECRET}\n")
    (folder / "GE.csv").write_text(HEADER + ROWS[0] + f"2024-03-05,{SECRET},1,1,1,1,1,0.0,1.0\n")
    # Its newest row is set aside with all its cells, and the file is accepted.
    (folder / "GM.csv").write_text(HEADER + ROWS[0] + f"2024-03-05,NaN,1,1,1,{SECRET},1,0.0,1.0\n")
    (folder / "MSFT.csv").symlink_to(secrets / "AAPL.csv")
    (folder / "deeper").symlink_to(secrets)
    with zipfile.ZipFile(folder / "d_us.zip", "w") as archive:
        archive.writestr("../AAPL.csv", PGPASS)
        archive.writestr("pgpass", PGPASS)
        archive.writestr("ko.us.txt", PGPASS)
    (folder / "broken.zip").write_text(PGPASS)


def test_no_secret_in_an_inbox_is_in_a_table_a_log_a_mail_or_a_report(desk, task, tmp_path, capsys):
    """The folder holds one in each form; the good file is loaded, the rest told by name, size and kind."""
    plant(desk.inbox, tmp_path / "secrets")
    loaded = task()
    assert loaded["rows_new"] == len(ROWS) + 1 and loaded["refused"] >= 8
    run_id = rows.add_run(desk, kind="daily")
    with connect("desk_planner", desk) as connection:
        write_daily_report(connection, run_id, desk)
        print(loads_text(connection), report_text(report_of_load(connection, loaded["load_id"])))
    with connect("desk_reader", desk) as connection:
        print(write_universe_report(connection, desk))
    with connect("desk_mailer", desk) as connection:
        assert deliver_pending(connection, desk).sent
    log = capsys.readouterr()
    for said in (
        "NVDA.csv",
        "pgpass (file, 57 bytes)",
        "MSFT.csv (link",
        "d_us.zip/../AAPL.csv",
        "broken.zip",
    ):
        assert said in log.out + log.err
    kept = everything_kept(desk)
    assert "NVDA.csv" in kept and "DATA_STALE" in kept
    assert "canary" not in kept + log.out + log.err
    assert "desk_owner:" not in kept + log.out + log.err


def test_an_inbox_anywhere_else_is_not_opened(desk, task, tmp_path, monkeypatch):
    """The conf of a run takes any text; what lies elsewhere is refused before it is listed."""
    elsewhere = write(tmp_path / "elsewhere", "AAPL.csv", *ROWS)
    (desk.data / "way").symlink_to(elsewhere)
    for inbox in (
        elsewhere,
        elsewhere / "AAPL.csv",
        desk.data / "../elsewhere",
        desk.data / "way",
        "/etc",
        "/",
    ):
        with pytest.raises(LoadError, match="TRADING_OPS_INBOXES"):
            task(inbox=inbox)
    monkeypatch.setenv("TRADING_OPS_INBOXES", f"/nowhere:{elsewhere}")
    settings.cache_clear()
    assert task(inbox=elsewhere)["rows_new"] == len(ROWS)


def test_a_named_inbox_with_no_vendors_file_is_red(desk, task, capsys):
    """Green, it would look as if the files that were meant had been loaded."""
    (desk.inbox / "prices.xlsx").write_text(PGPASS)
    with pytest.raises(AirflowFailException, match="no file with a name that a source gives"):
        task(inbox=desk.inbox)
    assert "prices.xlsx (file, 57 bytes)" in capsys.readouterr().out
    assert task()["rows_new"] == 0


@pytest.mark.parametrize("session", ["2026-06-15", "2031-01-03", "2040-12-31"])
@pytest.mark.parametrize("of", [load_bars, freeze_inputs], ids=["load_bars", "freeze_inputs"])
def test_a_session_that_is_not_over_is_not_worked_on(desk, task, of, session):
    """A key of 2031 made a NO-TRADE ticket and two mails; the desk's clock decides, here a simulated one."""
    rows.add_load(desk)
    with pytest.raises(RunError, match="it is 2026-06-13 .*newest session that has closed is 2026-06-12"):
        task(of, session)
    with connect("desk_reader", desk) as connection:
        for table in ("desk.runs", "desk.outbox", "desk.tickets"):
            assert connection.execute(f"select count(*) as n from {table}").fetchone()["n"] == 0


def test_a_run_that_names_two_sessions_is_refused(task):
    """The key counted, and the session of the conf was passed over in silence."""
    with pytest.raises(AirflowFailException, match="two sessions: 2026-06-11 and 2026-06-12"):
        task(conf_session="2026-06-11")
    assert task(conf_session="2026-06-12")["rows_new"] == 0


@pytest.mark.parametrize(
    "session", ["1959-12-31", "2041-01-02", "2026-06-13", "20260612", "2026-W24-5", "٢٠٢٦-٠٦-١٢"]
)
def test_a_key_that_is_no_session_of_the_calendar_is_refused(task, session):
    """Before the calendar, behind it, on a Saturday, or written otherwise."""
    with pytest.raises(ValueError, match=session):
        task(session=session)
    assert date.fromisoformat("20260612") == date(2026, 6, 12)


@pytest.fixture
def bank(desk, tmp_path, monkeypatch):
    """Serve a file of the bank that ends with today's session, in the bank's place of config/sources.yml."""
    session = newest_complete_session(datetime.now(UTC))
    with replaying(answer(envelope({str(session): ("1.1543", "0.85110")}))) as server:
        text = (PROJECT_ROOT / "config/sources.yml").read_text()
        sources = tmp_path / "sources.yml"
        sources.write_text(text.replace("https://www.ecb.europa.eu", server.url))
        monkeypatch.setenv("TRADING_OPS_SOURCES", str(sources))
        server.session = session
        yield server


def rate_of(desk, session: date) -> list[str]:
    """Return what is stored of a day's rate."""
    with connect("desk_reader", desk) as connection:
        found = connection.execute("select rate::text from raw.fx_rates where rate_date = %s", (session,))
        return [row["rate"] for row in found]


def test_a_production_desk_asks_the_bank_each_morning_without_being_told_to(desk, task, bank, monkeypatch):
    """The package's rates were four weeks old on the day it was read; the settings ask for the rest."""
    with rows.superuser(desk) as connection:
        connection.execute("alter table desk.instance disable trigger all")
        connection.execute("update desk.instance set environment = 'production'")
    monkeypatch.setenv("TRADING_OPS_ENVIRONMENT", "production")
    settings.cache_clear()
    for _ in range(2):
        task(session=str(bank.session))
    assert rate_of(desk, bank.session) == ["1.356245"] and len(bank.requests) == 1


def test_a_simulated_desk_asks_nobody(desk, task, bank):
    """It lives on files alone, whatever the sources file names."""
    settings.cache_clear()
    task()
    assert bank.requests == []
