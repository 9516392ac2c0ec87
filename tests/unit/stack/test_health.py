"""Whether a part of the desk does its work, whatever its process looks like."""

import dataclasses
import http.server
import json
import os
import socket
import threading
import time

import pytest

from trading_ops.settings import Settings
from trading_ops_airflow.dbt.command import server_socket
from trading_ops_stack import health


@pytest.fixture
def config(tmp_path) -> Settings:
    """A desk whose watcher has not been round yet, and whose processes do not run."""
    (tmp_path / "run").mkdir()
    return dataclasses.replace(Settings(), desk=tmp_path, data=tmp_path / "data")


@pytest.mark.parametrize(("age_s", "problem"), [(None, "hung"), (0, None), (299, None), (301, "hung")])
def test_a_watcher_that_made_no_round_for_five_minutes_hangs(config, age_s, problem):
    """By the file it leaves after each; one that never made any has been up for nothing."""
    if age_s is not None:
        mark = config.data.parent / "run/watcher.round"
        mark.touch()
        os.utime(mark, (time.time() - age_s, time.time() - age_s))
    assert health.problem(config, "watcher") == problem


@pytest.mark.parametrize("name", ["api-server", "confirm-page"])
def test_a_page_that_takes_a_call_and_says_nothing_hangs(config, monkeypatch, name):
    """Its port is open, its process is there."""
    monkeypatch.setattr(health, "_ANSWER_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        desk = dataclasses.replace(config, airflow_port=port, confirm_port=port)
        assert health.problem(desk, name) == "hung"


def test_a_dbt_server_that_takes_a_call_and_says_nothing_hangs(config, monkeypatch):
    """As when a build holds it for ever."""
    monkeypatch.setattr(health, "_ANSWER_S", 0.1)
    path = server_socket(config)
    path.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(path))
        silent.listen()
        assert health.problem(config, "dbt-server") == "hung"


@pytest.mark.parametrize("name", ["dag-processor", "triggerer"])
def test_what_airflow_has_not_heard_of_for_long_hangs(config, name):
    """By Airflow's own page; while that knows nothing itself, nothing is said of others."""
    said = {"metadatabase": "healthy", "dag_processor": "unhealthy", "triggerer": "unhealthy"}

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({part: {"status": status} for part, status in said.items()}).encode())

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        desk = dataclasses.replace(config, airflow_port=server.server_port)
        assert health.problem(desk, name) == "hung"
        said["metadatabase"] = "unhealthy"
        with pytest.raises(health.Unknown):
            health.problem(desk, name)
        server.shutdown()
