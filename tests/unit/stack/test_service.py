"""The desk as a systemd unit: one for each desk, which says which it is."""

import dataclasses
import re
import shutil
import subprocess

import pytest

from tests.conftest import missing
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
    unit, listening, timer = found.values()
    assert f"Environment=TRADING_OPS_DESK={tmp_path / 'live'}\n" in unit
    assert "-m trading_ops_stack.stack run\n" in unit and "-m trading_ops_stack.stack down\n" in unit
    for place in (f"TRADING_OPS_DESK={tmp_path / 'live'}\n", "WorkingDirectory="):
        assert place in listening
    assert "-m trading_ops_stack heartbeat\n" in listening and "OnCalendar=*:0/15\n" in timer
    name = service.unit_name(config).removesuffix(".service")
    assert re.fullmatch("trading-ops-live-ops-[0-9a-f]{6}", name)
    ends = (".service", "-heartbeat.service", "-heartbeat.timer")
    assert [path.name for path in found] == [name + end for end in ends]
    other = dataclasses.replace(config, desk=tmp_path / "paper", data=tmp_path / "paper/data")
    assert not set(found) & set(service.files(other))


def test_a_desk_is_installed_once_and_says_how_to_start(tmp_path, monkeypatch, capsys):
    """A unit of the same folder under an earlier name goes, another desk's stays; `remove` finds them."""
    told = tmp_path / "told"
    program = tmp_path / "systemctl"
    program.write_text(f'#!/bin/sh\necho "$@" >> {told}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr(service.os, "geteuid", lambda: 1000)
    one, other = (dataclasses.replace(Settings(), desk=tmp_path / name) for name in ("one", "other"))
    earlier = tmp_path / "systemd/user/trading-ops-demo.service"
    assert service.installed(one) is None
    service.install(other)
    earlier.write_text(service.files(one)[next(iter(service.files(one)))])
    service.install(one)
    unit = service.unit_name(one)
    assert capsys.readouterr().out.endswith(f"now: systemctl --user start {unit}\n")
    assert service.installed(one) == unit and not earlier.exists()
    assert "--user disable --now trading-ops-demo.service\n" in told.read_text()
    service.remove(one)
    assert service.installed(one) is None and service.installed(other)
    with pytest.raises(service.ServiceError, match="no unit of the desk"):
        service.remove(one)


def test_systemd_takes_the_unit(tmp_path, monkeypatch):
    """Its own check finds nothing to say, where it is installed."""
    if shutil.which("systemd-analyze") is None:
        missing("systemd-analyze")
    names = [tmp_path / path.name for path in service.files(Settings())]
    for written, text in zip(names, service.files(Settings()).values(), strict=True):
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
