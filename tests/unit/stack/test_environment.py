"""Keys and the environment of the stack's processes."""

import dataclasses
import stat
from pathlib import Path

import pytest

from trading_ops.settings import Settings, read_settings
from trading_ops_airflow.dbt.command import dbt_environment
from trading_ops_stack.environment import environment, room_environment
from trading_ops_stack.keys import KeysError, airflow_password, read_keys, write_keys, write_password
from trading_ops_stack.passwords import read_passwords, write_passwords
from trading_ops_stack.postgres import ROLES


@pytest.fixture
def desk(tmp_path) -> Settings:
    """A desk whose every file is in a temporary folder."""
    return dataclasses.replace(
        Settings(),
        data=tmp_path / "data",
        pgpass=tmp_path / "secrets/pgpass",
        airflow_port=12345,
        db_port=23456,
    )


def test_keys_are_made_once_and_only_their_owner_reads_them(desk):
    """A second `make up` must not invalidate the tokens of the first."""
    with pytest.raises(KeysError, match="make up"):
        read_keys(desk)
    write_keys(desk)
    first, password = read_keys(desk), (airflow_password(desk), write_password(desk, "executor"))
    write_keys(desk)
    assert (read_keys(desk), (airflow_password(desk), write_password(desk, "executor"))) == (first, password)
    assert len(first.jwt_secret) >= 64
    files = list(desk.pgpass.parent.iterdir())
    assert len(files) == 4
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_a_half_written_key_is_made_again(desk):
    """The machine died while it was written: an empty key is no key."""
    write_keys(desk)
    (desk.pgpass.parent / "airflow_jwt_secret").write_text("")
    write_keys(desk)
    assert len(read_keys(desk).jwt_secret) >= 64


def test_each_room_knows_its_own_passwords_and_nothing_else(desk):
    """The page, which strangers reach, is desk_app; dbt is desk_dbt; nobody but `up` is the superuser."""
    write_keys(desk)
    write_passwords(desk.pgpass, {role: f"{role}'s" for role in ROLES})
    rooms = {room: room_environment(desk, room) for room in ("airflow", "page", "dbt", "watch")}
    known = {room: set(read_passwords(Path(environ["PGPASSFILE"]))) for room, environ in rooms.items()}
    assert known == {
        "airflow": {"airflow_meta", "desk_loader", "desk_planner", "desk_mailer", "desk_reader"},
        "page": {"desk_app"},
        "dbt": {"desk_dbt"},
        "watch": {"desk_planner", "desk_mailer"},
    }
    for room, environ in rooms.items():
        assert stat.S_IMODE(Path(environ["PGPASSFILE"]).stat().st_mode) == 0o600
        assert read_settings(environ).pgpass == Path(environ["PGPASSFILE"])
        assert any(name.startswith("AIRFLOW_") for name in environ) == (room == "airflow")
    called = dbt_environment(rooms["airflow"])
    assert called["PGPASSFILE"] == rooms["dbt"]["PGPASSFILE"]
    assert not [name for name in called if name.startswith("AIRFLOW_")]


def test_no_password_of_the_database_is_in_the_environment(desk):
    """Any process of the same user can read another's environment; libpq reads the pgpass file instead."""
    write_keys(desk)
    desk.pgpass.write_text("*:*:*:desk_planner:a-password\n*:*:*:airflow_meta:b-password\n")
    environ = environment(desk)
    assert not [name for name, text in environ.items() if "a-password" in text or "b-password" in text]
    assert environ["PGPASSFILE"] == str(desk.pgpass)
    assert environ["AIRFLOW_CONN_DESK_PLANNER"].startswith(
        "postgresql://desk_planner@127.0.0.1:23456/trading_ops"
    )
    assert (
        environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
        == "postgresql+psycopg2://airflow_meta@127.0.0.1:23456/airflow"
    )


def test_a_child_process_works_on_the_same_desk(desk):
    """Every setting goes along, and nothing of another Airflow of this machine."""
    write_keys(desk)
    assert read_settings(environment(desk)) == desk


def test_another_airflow_and_the_switch_against_bytecode_are_left_behind(desk, monkeypatch):
    """Both come from the shell that called `make up`."""
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "theirs")
    monkeypatch.setenv("TRADING_OPS_PORTFOLIO_ID", "theirs")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    write_keys(desk)
    environ = environment(desk)
    assert environ["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert environ["TRADING_OPS_PORTFOLIO_ID"] == "demo"
    assert "AIRFLOW__CORE__FERNET_KEY" not in environ
    assert "PYTHONDONTWRITEBYTECODE" not in environ


def test_the_connection_mail_goes_through_is_kept_and_no_other(desk, monkeypatch):
    """It is named in the settings; the page is not given it either."""
    monkeypatch.setenv("AIRFLOW_CONN_DESK_MAIL", "smtp://mail.example")
    monkeypatch.setenv("AIRFLOW_CONN_THEIRS", "smtp://mail.example")
    desk = dataclasses.replace(desk, smtp_connection="desk_mail")
    write_keys(desk)
    environ = environment(desk)
    assert ("AIRFLOW_CONN_DESK_MAIL" in environ, "AIRFLOW_CONN_THEIRS" in environ) == (True, False)
    assert "AIRFLOW_CONN_DESK_MAIL" not in environment(dataclasses.replace(desk, smtp_connection=""))


def test_everything_listens_on_loopback_and_follows_its_port(desk):
    """The execution API address must follow the port (apache/airflow#50739)."""
    write_keys(desk)
    environ = environment(desk)
    assert environ["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert environ["AIRFLOW__API__PORT"] == "12345"
    assert environ["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:12345/execution/"
