"""
`trading-ops service`: the desk as a systemd unit, so that it starts after a reboot, and who listens to it.

The unit is the desk's supervisor: it starts what does not run, keeps it running, and is started again by
systemd when it ends or says nothing for five minutes; the desk's processes run on meanwhile. `make down` ends
it for good. A timer asks from outside of all of them whether the desk has spoken.
"""

import argparse
import getpass
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from trading_ops.settings import PROJECT_ROOT, Settings, settings

_UNIT = """\
# Written by `trading-ops service install`.
[Unit]
Description=Trading Ops: {portfolio_id} ({environment}) in {folder}
After=network-online.target
Wants=network-online.target
# Without end: a desk that is given up says nothing.
StartLimitIntervalSec=0

[Service]
Type=notify
Restart=on-failure
RestartSec=10
WatchdogSec=300
# Of the supervisor alone; ExecStop ends the others in their order.
KillMode=process
{place}ExecStart={python} -m trading_ops_stack.stack run
ExecStop={python} -m trading_ops_stack.stack down
TimeoutStartSec=600
TimeoutStopSec=180

[Install]
WantedBy={target}
"""
_PLACE = """\
{user}Environment=TRADING_OPS_DESK={folder}
Environment=PYTHONPATH={root}/plugins:{root}
Environment=PATH={path}
WorkingDirectory={root}
"""
_HEARTBEAT = """\
# Written by `trading-ops service install`.
[Unit]
Description=Trading Ops: whether {portfolio_id} has spoken when it should

[Service]
Type=oneshot
{place}ExecStart={python} -m trading_ops_stack heartbeat
TimeoutStartSec=600
"""
_TIMER = """\
# Written by `trading-ops service install`.
[Unit]
Description=Trading Ops: listen to {portfolio_id} every quarter of an hour

[Timer]
OnCalendar=*:0/15
Persistent=true

[Install]
WantedBy=timers.target
"""


class ServiceError(Exception):
    """The unit cannot be installed; the message says how to go on."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the actions of `trading-ops service` to its parser."""
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser(
        "install", help="start the desk after each reboot, of the system as root or of this user"
    )
    actions.add_parser("remove", help="no longer; the desk runs on until `make down`")
    actions.add_parser("show", help="print the files `install` would write")


def run(options: argparse.Namespace) -> int:
    """Run one action and return its exit code."""
    config = settings()
    try:
        if options.action == "show":
            for path, text in files(config).items():
                print(f"# {path}\n{text}")
        elif options.action == "install":
            install(config)
        else:
            remove(config)
    except (ServiceError, OSError) as error:
        print(f"trading-ops service: {error}", file=sys.stderr)
        return 1
    return 0


def files(config: Settings) -> dict[Path, str]:
    """Return what is installed, by path: a unit, who listens and when."""
    is_root = os.geteuid() == 0
    owner = getpass.getuser()
    place = _PLACE.format(
        folder=config.desk, root=PROJECT_ROOT, path=os.environ.get("PATH", os.defpath), user=f"User={owner}\n" if is_root else "",
    )  # fmt: skip
    words = {
        "portfolio_id": config.portfolio_id, "environment": config.environment, "folder": config.desk, "python": sys.executable,
        "place": place, "target": "multi-user.target" if is_root else "default.target",
    }  # fmt: skip
    texts = [text.format(**words) for text in (_UNIT, _HEARTBEAT, _TIMER)]
    return dict(zip(_paths(unit_name(config).removesuffix(".service")), texts, strict=True))


def unit_name(config: Settings) -> str:
    """Return the unit's name: of the book, for a reader, and of the folder, since books are named alike."""
    book = re.sub("[^a-z0-9]+", "-", config.portfolio_id.lower())
    return f"trading-ops-{book}-{hashlib.sha256(os.fsencode(config.desk.resolve())).hexdigest()[:6]}.service"


def install(config: Settings) -> None:
    """Write the files and let systemd know. Raises ServiceError when it is not there."""
    for path, text in files(config).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        print(f"wrote {path}")
    unit = unit_name(config)
    for name in _names(config) - {unit.removesuffix(".service")}:
        # Two would end each other's desk.
        _take_away(name, "--now")
    _systemctl("daemon-reload")
    _systemctl("enable", unit)
    _systemctl("enable", "--now", f"{unit.removesuffix('.service')}-heartbeat.timer")
    if os.geteuid() != 0:
        print(f"let it start without a sign-in: sudo loginctl enable-linger {getpass.getuser()}")
    print(f"the desk starts after each reboot; now: {' '.join(_command('start', unit))}")


def remove(config: Settings) -> None:
    """Take the unit away again. Raises ServiceError when there is none."""
    names = _names(config)
    if not names:
        raise ServiceError(f"no unit of the desk in {config.desk} is installed here")
    for name in names:
        _take_away(name)
    _systemctl("daemon-reload")


def installed(config: Settings) -> str | None:
    """Return the name of this desk's unit when it is installed, of the system or of this user."""
    name = unit_name(config)
    return name if any((_folder(is_root) / name).exists() for is_root in (True, False)) else None


def _names(config: Settings) -> set[str]:
    """Return the names of this folder's installed units; an earlier version named them by the book alone."""
    place = f"Environment=TRADING_OPS_DESK={config.desk}\n"
    return {
        path.stem.removesuffix("-heartbeat")
        for path in _folder(os.geteuid() == 0).glob("trading-ops-*.service")
        if place in path.read_text()
    }


def _paths(name: str) -> list[Path]:
    folder = _folder(os.geteuid() == 0)
    return [folder / f"{name}{end}" for end in (".service", "-heartbeat.service", "-heartbeat.timer")]


def _take_away(name: str, *and_stop: str) -> None:
    _systemctl("disable", *and_stop, f"{name}.service")
    _systemctl("disable", "--now", f"{name}-heartbeat.timer")
    for path in _paths(name):
        path.unlink(missing_ok=True)
        print(f"removed {path}")


def _folder(is_root: bool) -> Path:
    if is_root:
        return Path("/etc/systemd/system")
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd/user"


def _systemctl(*arguments: str) -> None:
    if shutil.which("systemctl") is None:
        raise ServiceError("this machine has no systemd: call `make up` from whatever starts its services")
    done = subprocess.run(_command(*arguments), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ServiceError(f"systemctl {' '.join(arguments)}: {done.stderr.strip() or done.stdout.strip()}")


def _command(*arguments: str) -> tuple[str, ...]:
    return ("systemctl", *(() if os.geteuid() == 0 else ("--user",)), *arguments)
