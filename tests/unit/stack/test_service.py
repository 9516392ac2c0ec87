"""The desk as a systemd unit: one for each desk, which says which it is."""

import dataclasses
import shutil
import subprocess

from trading_ops.settings import Settings
from trading_ops_stack import service


def test_each_desk_has_a_unit_of_its_own(tmp_path):
    """Kept running by systemd, and ended as a person would."""
    config = dataclasses.replace(
        Settings(),
        desk=tmp_path / "live",
        data=tmp_path / "live/data",
        portfolio_id="live_ops",
        environment="production",
    )
    found = service.files(config)
    unit, listening, timer, *_ = found.values()
    assert f"Environment=TRADING_OPS_DESK={tmp_path / 'live'}\n" in unit
    assert "-m trading_ops_stack.stack run\n" in unit and "-m trading_ops_stack.stack down\n" in unit
    for place in (f"TRADING_OPS_DESK={tmp_path / 'live'}\n", "WorkingDirectory="):
        assert place in listening
    assert "-m trading_ops_stack heartbeat\n" in listening and "OnCalendar=*:0/15\n" in timer
    assert [path.name for path in found][:3] == [
        f"trading-ops-live-ops{end}" for end in (".service", "-heartbeat.service", "-heartbeat.timer")
    ]
    assert service.unit_name(config) == "trading-ops-live-ops.service"
    assert service.unit_name(Settings()) == "trading-ops-demo.service"


def test_systemd_takes_the_unit(tmp_path, monkeypatch):
    """Its own check finds nothing to say, where it is installed."""
    if shutil.which("systemd-analyze") is None:
        return
    names = [tmp_path / path.name for path in service.files(Settings()) if path.suffix != ""]
    for written, text in zip(names, service.files(Settings()).values(), strict=False):
        written.write_text(text)
    done = subprocess.run(["systemd-analyze", "verify", *names], capture_output=True, text=True, check=False)
    assert not [line for line in done.stderr.splitlines() if "trading-ops-" in line], done.stderr


def test_without_systemd_the_way_on_is_said(tmp_path, monkeypatch, capsys):
    """Not a traceback."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(service, "files", lambda config: {tmp_path / "unit": "text"})
    monkeypatch.setattr(service, "settings", Settings)
    assert service.run(type("Options", (), {"action": "install"})) == 1
    assert "this machine has no systemd" in capsys.readouterr().err
