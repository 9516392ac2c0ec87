"""dbt's server and its client, each with another side that keeps to no protocol, and a project that moves."""

import dataclasses
import importlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time

import pytest

from trading_ops.settings import Settings
from trading_ops_airflow.dbt.command import ENTRY, server_socket, start_dbt

REQUEST = {"code": "c", "arguments": ["build"], "environ": {"PATH": "/bin"}}


@pytest.fixture
def server(monkeypatch):
    """The server's module, which runs beside no package of ours."""
    monkeypatch.syspath_prepend(ENTRY)
    yield importlib.import_module("server")
    for name in ("server", "calls", "thrift"):
        sys.modules.pop(name)


def read(server, text: bytes) -> dict:
    """Return what the server reads of a client that sends a text and nothing more."""
    client, peer = socket.socketpair()
    with client, peer, open(os.devnull, "w") as output:
        sender = threading.Thread(
            target=lambda: (socket.send_fds(client, [text], [output.fileno()]), client.close())
        )
        sender.start()
        try:
            return server.read_request(peer)[0]
        finally:
            peer.close()
            sender.join()


GARBAGE = {
    "nothing": b"",
    "no line": b"{}",
    "no JSON": b"GET / HTTP/1.1\r\n",
    "a list": b"[]\n",
    "null": b"null\n",
    "no fields": b"{}\n",
    "brackets without end": b"[" * 100_000 + b"\n",
    "a number of 5,000 digits": b"1" * 5_000 + b"\n",
    "no environ": json.dumps({**REQUEST, "environ": None}).encode() + b"\n",
    "an environ that is no text": json.dumps({**REQUEST, "environ": {"A": 1}}).encode() + b"\n",
    "arguments that are one text": json.dumps({**REQUEST, "arguments": "build"}).encode() + b"\n",
    "two lines": 2 * (json.dumps(REQUEST).encode() + b"\n"),
    "bytes that are no text": b"\xff\xfe\n",
}


@pytest.mark.parametrize("case", GARBAGE)
def test_what_is_no_request_is_refused_in_one_way(server, case):
    """The server's child answers that, instead of a traceback."""
    with pytest.raises((OSError, ValueError, RecursionError)):
        read(server, GARBAGE[case])


def test_a_request_is_read_whole_in_however_many_parts(server, monkeypatch):
    """And is as long as an environment can be, no longer."""
    long = {**REQUEST, "environ": {"A": "x" * 500_000}}
    assert read(server, json.dumps(long).encode() + b"\n") == long
    monkeypatch.setattr(server, "_REQUEST_BYTES_MAX", 100_000)
    with pytest.raises(ValueError, match="length"):
        read(server, b"x" * 10_000_000)


def test_a_request_that_trickles_in_is_refused_after_its_time(server, monkeypatch):
    """The time is one for the whole request; a byte now and then does not prolong it."""
    monkeypatch.setattr(server, "_REQUEST_TIMEOUT_S", 0.3)
    client, peer = socket.socketpair()
    begun = time.monotonic()

    def trickle():
        while time.monotonic() - begun < 3:
            try:
                client.send(b"x")
            except OSError:
                return
            time.sleep(0.05)

    sender = threading.Thread(target=trickle)
    sender.start()
    with client, peer:
        with pytest.raises((OSError, ValueError)):
            server.read_request(peer)
        assert time.monotonic() - begun < 2
        peer.close()
        sender.join()


def test_the_state_of_a_project_changes_with_its_files_and_survives_what_is_none(server, tmp_path):
    """An editor's lock, which links to nothing, a name that is no text; a copy of the same size and time."""
    model = tmp_path / "x.sql"
    model.write_text("select 1")
    before = server.project_state(str(tmp_path))
    (tmp_path / ".#x.sql").symlink_to("somebody@desk.1234")
    (tmp_path / os.fsdecode(b"\xff.sql")).write_text("")
    locked = server.project_state(str(tmp_path))
    assert locked != before
    assert server.project_state(str(tmp_path)) == locked
    clock = model.stat()
    copy = tmp_path.with_name("copy.sql")
    copy.write_text("select 2")
    os.utime(copy, ns=(clock.st_atime_ns, clock.st_mtime_ns))
    os.replace(copy, model)
    assert (model.stat().st_size, model.stat().st_mtime_ns) == (clock.st_size, clock.st_mtime_ns)
    replaced = server.project_state(str(tmp_path))
    assert replaced != locked
    model.write_text("select 3")
    os.utime(model, ns=(clock.st_atime_ns, clock.st_mtime_ns))
    assert server.project_state(str(tmp_path)) != replaced


def test_a_file_that_vanishes_while_the_project_is_looked_at_is_none(server, tmp_path, monkeypatch):
    """Between the listing and the look an editor renames."""
    (tmp_path / "x.sql").write_text("select 1")
    monkeypatch.setattr(os, "walk", lambda _: [(str(tmp_path), [], ["x.sql", "gone.sql"])])
    assert server.project_state(str(tmp_path))


def test_the_server_s_own_code_may_be_missing_while_it_is_replaced(server, tmp_path, monkeypatch):
    """It is other code then, and the server ends in good order; an editor's lock beside it is none of it."""
    copy = tmp_path / "warm_dbt"
    shutil.copytree(ENTRY, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(server, "__file__", str(copy / "server.py"))
    (copy / ".#server.py").symlink_to("somebody@desk.1234")
    assert server.code_now() == server.CODE
    (copy / "calls.py").unlink()
    assert server.code_now() != server.CODE
    (copy / "calls.py").symlink_to("nothing")
    assert server.code_now() != server.CODE


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"[]\n",
        b"null\n",
        b'{"started": "no"}\n',
        b"x" * 100_000,
        b"\xff\n",
    ],
)
def test_a_server_that_is_none_is_not_believed_and_dbt_runs_alone(tmp_path, said):
    """Whatever answers at the socket, the call comes to pass."""
    dbt = tmp_path / "bin/dbt"
    dbt.parent.mkdir()
    dbt.write_text("#!/bin/sh\necho alone\n")
    dbt.chmod(0o755)
    config = dataclasses.replace(Settings(), data=tmp_path / "var/data", dbt=dbt)
    path = server_socket(config)
    path.parent.mkdir(parents=True)
    listener = socket.socket(socket.AF_UNIX)
    folder = os.open(path.parent, os.O_RDONLY)
    listener.bind(f"/proc/self/fd/{folder}/{path.name}")
    os.close(folder)
    listener.listen()

    def answer():
        with listener.accept()[0] as client:
            client.recv(1 << 20)
            client.sendall(said)

    stranger = threading.Thread(target=answer)
    stranger.start()
    call = start_dbt(config, dict(os.environ), "build", tmp_path)
    assert isinstance(call, subprocess.Popen)
    assert call.stdout.read() == "alone\n" and call.wait() == 0
    stranger.join()
    listener.close()
