"""The embedded server: one start-up path, and every obstacle named."""

import dataclasses
import os
import signal
import socket
import stat
import threading

import psycopg
import pytest

from tests.conftest import free_port
from trading_ops.db.connect import connect, queries
from trading_ops.settings import Settings
from trading_ops_stack import passwords
from trading_ops_stack import postgres as embedded
from trading_ops_stack.supervisor import parts_of


@pytest.fixture
def own_server(tmp_path):
    """A folder and settings for a server of the test's own, stopped at the end."""
    config = Settings(data=tmp_path / "data", db_port=free_port(), pgpass=tmp_path / "secrets/pgpass")
    yield tmp_path / "postgres", config
    embedded.stop(tmp_path / "postgres")


def test_it_comes_up_from_nothing_and_again_after_a_crash(own_server):
    """A stale lock file of a server that was killed does not keep the next start from working."""
    folder, config = own_server
    embedded.initialise(folder, config)
    with connect("desk_planner", config) as connection:
        connection.execute("select 1")
    with connect("desk_dbt", config) as connection:
        connection.execute("create unlogged table staging.stg_market__eod_bars as select 1 as bar")
    with connect("desk_reader", config) as connection:
        assert queries.runs.work_tables_are_lost(connection) is False
    pid = int((folder / "data/postmaster.pid").read_text().split()[0])
    os.kill(pid, 9)
    while embedded.is_running(folder):
        pass
    embedded.initialise(folder, config)
    with connect("desk_planner", config) as connection:
        assert connection.execute("select count(*) as n from desk.required_checks").fetchone()["n"] == 37
    import tests.dags.airflow_home  # noqa: F401  (before Airflow itself)
    from trading_ops_airflow.dbt.build_operator import AirflowFailException, require_work_tables

    with pytest.raises(
        AirflowFailException, match="prices of this run are gone: Postgres crashed.*Clear build_prices"
    ):
        require_work_tables(config)


def test_a_server_that_hangs_is_noticed_ended_by_force_and_comes_back(own_server):
    """SIGSTOP: connections are still taken by the kernel, and nobody answers them."""
    folder, config = own_server
    embedded.start(folder, config)
    assert embedded.answers(config)
    os.kill(int((folder / "data/postmaster.pid").read_text().split()[0]), signal.SIGSTOP)
    assert embedded.is_running(folder) and not embedded.answers(config, timeout_s=2)
    embedded.end(folder, patience_s=1)
    assert not embedded.is_running(folder)
    embedded.start(folder, config)
    assert embedded.answers(config)


def test_a_lock_file_naming_another_program_is_not_taken_for_the_server(own_server):
    """After a power cut the number in the lock file may belong to anybody."""
    folder, config = own_server
    embedded.start(folder, config)
    embedded.stop(folder)
    (folder / "data/postmaster.pid").write_text(f"{os.getpid()}\n")
    assert not embedded.is_running(folder)
    embedded.start(folder, config)
    assert embedded.is_running(folder)


def test_a_taken_port_is_named_with_the_way_out(own_server):
    """The message says which port and which setting."""
    folder, config = own_server
    with socket.socket() as other:
        other.bind(("127.0.0.1", config.db_port))
        other.listen()
        with pytest.raises(embedded.ClusterError, match=f"port {config.db_port}.*TRADING_OPS_DB_PORT"):
            embedded.start(folder, config)


def test_a_port_that_is_just_being_closed_is_waited_for(own_server):
    """The kernel closes a killed server's port a moment after the process is gone."""
    folder, config = own_server
    other = socket.create_server(("127.0.0.1", config.db_port))
    closing = threading.Timer(1, other.close)
    closing.start()
    embedded.start(folder, config)
    closing.join()
    assert embedded.is_running(folder)


def test_a_half_finished_initdb_is_started_over(own_server):
    """A cut during set-up leaves the folder it was building in; the next start builds it again."""
    folder, config = own_server
    (folder / "data.initdb/base").mkdir(parents=True)
    embedded.start(folder, config)
    assert embedded.is_running(folder)


def test_a_folder_with_files_is_never_made_anew(tmp_path):
    """Half restored, or its disk is away: whoever mends makes no cluster, and `up` removes nothing."""
    config = dataclasses.replace(Settings(), data=tmp_path / "data", pgpass=tmp_path / "secrets/pgpass")
    books = tmp_path / "postgres/data/base/16384"
    books.parent.mkdir(parents=True)
    books.write_text("the books")
    [part] = [part for part in parts_of(config) if part.name == "postgres"]
    for start in (part.start, lambda: embedded.start(tmp_path / "postgres", config)):
        with pytest.raises(embedded.ClusterError, match="no PG_VERSION"):
            start()
        assert books.read_text() == "the books"
    books.unlink()
    books.parent.rmdir()
    with pytest.raises(embedded.ClusterError, match="mount its disk"):
        part.start()
    assert list((tmp_path / "postgres/data").iterdir()) == []


def test_passwords_are_the_owners_alone_and_are_asked_for(cluster):
    """The pgpass files are 0600, the superuser's is one of its own, and a wrong password does not get in."""
    for path in (cluster.pgpass, passwords.superuser_pgpass(cluster)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert set(passwords.read_passwords(cluster.pgpass)) == set(embedded.ROLES)
    assert set(passwords.read_passwords(passwords.superuser_pgpass(cluster))) == {"postgres"}
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(
            host=cluster.db_host,
            port=cluster.db_port,
            dbname=cluster.db_name,
            user="desk_planner",
            password="guess",
        )


def test_a_desk_of_an_earlier_version_gets_its_superuser_parted(tmp_path):
    """Its one file held every role and the superuser; both passwords stay what they are."""
    config = dataclasses.replace(Settings(), pgpass=tmp_path / "pgpass")
    passwords.write_passwords(config.pgpass, {"postgres": "s", "desk_app": "a"})
    for _ in range(2):
        embedded._part_superuser(config)
    assert passwords.read_passwords(config.pgpass) == {"desk_app": "a"}
    assert passwords.read_passwords(passwords.superuser_pgpass(config)) == {"postgres": "s"}


def test_a_production_database_refuses_to_be_told_the_time(cluster, tmp_path):
    """Only a simulated database has a clock that can be set, and neither turns into the other."""
    config = dataclasses.replace(cluster, db_name="production_desk", environment="production")
    embedded.create_database(config, config.db_name)
    embedded.migrate(config)
    with connect("desk_planner", config) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("select desk.set_simulated_now('2026-01-01T00:00Z')")
    with pytest.raises(RuntimeError, match="production one"):
        embedded.migrate(dataclasses.replace(config, environment="simulated"))
