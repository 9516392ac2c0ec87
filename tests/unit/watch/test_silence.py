"""The dead man's switch: from outside the desk, with nothing of it running."""

import dataclasses
import errno
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from trading_ops.cli import heartbeat
from trading_ops.comms.mail import spoken_file
from trading_ops.settings import Settings, SettingsError, read_settings
from trading_ops.watch import silence
from trading_ops.watch.silence import listen

# Tuesday's report was due at 08:30 in London on Wednesday.
DUE_AT = datetime(2026, 6, 10, 7, 30, tzinfo=UTC)
TOLD_AT = DUE_AT + timedelta(minutes=15)


@pytest.fixture
def live(tmp_path) -> Settings:
    """A production desk whose mail goes to files, listened to since Monday."""
    config = dataclasses.replace(
        Settings(),
        environment="production",
        portfolio_id="live_ops",
        data=tmp_path / "data",
        channels=tmp_path / "channels",
    )
    config.data.mkdir()
    assert listen(config, DUE_AT - timedelta(days=2)).is_well
    return config


def letters(config: Settings) -> int:
    """Return how many letters went out."""
    return len(list((config.data / "mail").glob("*-silence-*.eml")))


def test_a_desk_that_did_not_speak_when_due_is_told_once_to_both(live):
    """A quarter of an hour after the report was due; the next one that does not come is told anew."""
    spoken_file(live).write_text("2026-06-08")
    assert listen(live, TOLD_AT - timedelta(seconds=1)).is_well
    for minutes in (0, 15, 600):
        heard = listen(live, TOLD_AT + timedelta(minutes=minutes))
        assert (heard.is_well, str(heard.duty.session), heard.faults) == (False, "2026-06-09", ())
    names = sorted(path.name for path in (live.data / "mail").iterdir())
    assert names == ["000000-silence-executor.eml", "000000-silence-operator.eml"]
    text = (live.data / "mail" / names[1]).read_text()
    assert (
        "The desk live_ops is silent" in text
        and "2026-06-09" in text
        and "RUNBOOK.md#the-desk-is-silent" in text
    )
    for path in (live.data / "mail").iterdir():
        path.unlink()
    assert not listen(live, TOLD_AT + timedelta(days=1)).is_well
    assert letters(live) == 2
    spoken_file(live).write_text("2026-06-10")
    assert listen(live, TOLD_AT + timedelta(days=1)).is_well


def test_a_letter_that_does_not_go_out_is_tried_again(live, monkeypatch):
    """The relay was down; who was told is not told twice."""
    (live.data / "mail").write_text("no folder")
    heard = listen(live, TOLD_AT)
    assert len(heard.faults) == 2 and "operator@" in heard.faults[0]
    (live.data / "mail").unlink()
    assert listen(live, TOLD_AT).faults == ()
    assert letters(live) == 2


def test_on_a_full_disk_it_is_told_once(live, monkeypatch):
    """No new file fits: the old one is written over, and where that fails too nobody is written to."""

    def full(*_):
        raise OSError(errno.ENOSPC, "no space")

    sent = []
    monkeypatch.setattr(silence, "send_now", lambda *asked: sent.append(asked[2]) or ("sent", ""))
    monkeypatch.setattr(silence, "write_whole", full)
    for minutes in (0, 15, 30):
        assert listen(live, TOLD_AT + timedelta(minutes=minutes)).faults == ()
    assert sent == [live.operator_email, live.executor_email]
    monkeypatch.setattr(silence, "_write_notes", full)
    assert "cannot be noted" in listen(live, TOLD_AT + timedelta(days=1)).faults[1]
    assert len(sent) == 2


def test_what_was_due_before_anybody_listened_is_not_missed(tmp_path):
    """Installed on Wednesday at noon: Tuesday's report is not asked for, Wednesday's is."""
    config = dataclasses.replace(Settings(), data=tmp_path, channels=tmp_path / "channels")
    assert listen(config, DUE_AT + timedelta(hours=4)).is_well
    assert not listen(config, TOLD_AT + timedelta(days=1)).is_well


def test_the_verb_needs_no_database(live, tmp_path):
    """Nothing answers at the port of Postgres, and the verb tells all the same, with exit code 1."""
    (live.data / "listening").write_text('{"since": "2026-01-01T00:00:00+00:00", "told": []}')
    environ = {
        **os.environ,
        **live.as_environment(),
        "TRADING_OPS_DB_PORT": "1",
        "PYTHONPATH": ":".join(sys.path),
    }
    done = subprocess.run(
        [sys.executable, "-m", "trading_ops", "heartbeat"],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1 and "the desk is SILENT" in done.stderr, done.stderr
    assert letters(live) == 2


def test_while_the_desk_speaks_a_service_is_pinged(live, monkeypatch, capsys):
    """Its address is called inside TLS only, and is in no message."""
    called = []

    class Service(BaseHTTPRequestHandler):
        def do_GET(self):  # the name the library asks for
            called.append(self.path)
            self.send_response(200 if self.path == "/well" else 500)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (live.data / "listening").unlink()
    for path, code in (("/well", 0), ("/ill", 1)):
        pinged = dataclasses.replace(live, ping_url=f"http://127.0.0.1:{server.server_port}{path}")
        monkeypatch.setattr(heartbeat, "settings", lambda pinged=pinged: pinged)
        assert heartbeat.run(None) == code
    server.shutdown()
    assert called == ["/well", "/ill"]
    assert "was not reached: HTTPError" in capsys.readouterr().err
    with pytest.raises(SettingsError, match="https://"):
        read_settings({"TRADING_OPS_PING_URL": "http://ping.example.org/1"})
