"""
What this machine lacks, and how to get it.

Run by the system's Python before any environment exists, so standard library only. With
--needed it checks only what set-up cannot do without.
"""

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Print one line per finding; exit 1 when something set-up needs is missing."""
    findings = needed()
    broken = [line for is_fine, line in findings if not is_fine]
    if "--needed" not in sys.argv:
        for is_fine, line in findings + optional():
            print(("  ok       " if is_fine else "  MISSING  ") + line)
    elif broken:
        print("\n".join(broken), file=sys.stderr)
    return 1 if broken else 0


def needed() -> list[tuple[bool, str]]:
    """Return what set-up cannot do without."""
    accepted = [
        name
        for name in ("python3.12", "python3.11", "python3")
        if _python_version(name) in ((3, 11), (3, 12))
    ]
    free_gb = shutil.disk_usage(ROOT).free / 1e9
    return [
        (bool(accepted), "Python 3.11 or 3.12 (apt install python3 python3-venv)"),
        (
            importlib.util.find_spec("ensurepip") is not None or (ROOT / ".venv-uv").exists(),
            "Python's venv module with ensurepip (apt install python3-venv)",
        ),
        (shutil.which("git") is not None, "git (apt install git): a run is stamped with its commit"),
        (free_gb > 3, f"3 GB of free disk under {ROOT} ({free_gb:.0f} GB free)"),
        (
            os.geteuid() != 0 or shutil.which("unshare") is not None,
            "unshare, because Postgres refuses to run as root (apt install util-linux, or work as a normal user)",
        ),
    ]


def optional() -> list[tuple[bool, str]]:
    """Return what only some commands need."""
    ports = [
        ("TRADING_OPS_DB_PORT", 54329),
        ("TRADING_OPS_AIRFLOW_PORT", 8074),
        ("TRADING_OPS_CONFIRM_PORT", 8075),
    ]
    state = Path(os.path.abspath(os.environ.get("TRADING_OPS_DATA") or ROOT / "var/data")).parent
    running = any(state.glob("run/*.pid")) or (state / "postgres/data/postmaster.pid").exists()
    return [
        (
            shutil.which("chromium") is not None and shutil.which("chromedriver") is not None,
            "chromium and chromedriver, for the browser tests only (apt install chromium chromium-driver)",
        ),
        (
            shutil.which("chronyc") is not None or shutil.which("timedatectl") is not None,
            "chrony or systemd-timesyncd, for a desk with real money (apt install chrony): its clock has to be right",
        ),
        (
            _docker_answers(),
            "a Docker engine, for the container path only (apt install docker.io; start dockerd)",
        ),
        *(
            (
                running or not _port_is_taken(int(os.environ.get(name) or default)),
                f"port {os.environ.get(name) or default} free or used by the running desk (choose another with {name})",
            )
            for name, default in ports
        ),
    ]


def _python_version(name: str) -> tuple[int, ...]:
    try:
        done = subprocess.run(
            [name, "-c", "import sys; print(*sys.version_info[:2])"],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return ()
    return tuple(int(part) for part in done.stdout.split())


def _docker_answers() -> bool:
    docker = shutil.which("docker")
    return (
        docker is not None
        and subprocess.run([docker, "info"], capture_output=True, check=False).returncode == 0
    )


def _port_is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    sys.exit(main())
