"""The runner's environment: what is locked is what is installed, and Qlib works in it."""

import re
import subprocess
from importlib.metadata import distributions

from trading_ops.settings import PROJECT_ROOT

LOCK = PROJECT_ROOT / "qlib_runner/requirements.lock"


def test_qlib_imports_and_qrun_answers(room, tmp_path):
    """Both end well in an empty folder and leave nothing in it."""
    for command in ([room, "-c", "import qlib.workflow"], [room.parent / "qrun", "--help"]):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
    assert list(tmp_path.iterdir()) == []


def test_the_environment_holds_the_lock_and_nothing_else(room):
    """The same names and versions, so a result of this room can be made again elsewhere."""
    sites = [str(site) for site in room.parents[1].glob("lib/python3.*/site-packages")]
    installed = {(normal(found.name), found.version) for found in distributions(path=sites)}
    locked = {
        (normal(name), version)
        for name, version in re.findall(r"^(\S+?)==(\S+)", LOCK.read_text(), re.MULTILINE)
    }
    assert len(installed) > 40
    assert installed <= locked
    # What is locked for another system or an older Python only need not be here.
    assert {name for name, _ in locked - installed} <= {"async-timeout", "colorama", "win32-setctime"}


def test_the_lock_has_a_hash_for_every_package_and_names_no_host():
    """A package is what its hash says, wherever it comes from."""
    text = LOCK.read_text()
    pins = re.split(r"\n(?=\S)", text)
    assert len(pins) > 40
    assert [pin.split()[0] for pin in pins if "--hash=sha256:" not in pin] == []
    assert "://" not in text and "index-url" not in text


def test_nothing_in_the_room_can_reach_a_desk_database(room):
    """No driver of the desk's database, no Airflow and no web server is installed."""
    program = (
        "from importlib.util import find_spec;"
        "print([n for n in ('trading_ops', 'psycopg', 'psycopg2', 'sqlalchemy', 'airflow', 'flask',"
        " 'fastapi', 'uvicorn') if find_spec(n)])"
    )
    # -I: what the caller's PYTHONPATH adds is not the room's.
    done = subprocess.run([room, "-I", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def normal(name: str) -> str:
    """Return a distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
