"""Bars of two downloads or two scales never stand side by side, and a killed load leaves none at all."""

import subprocess
import sys
from datetime import date

import pytest

from tests.conftest import environment_of
from tests.database.bar_folders import ROWS, STOOQ_HEADER, counts, load, stored, write
from trading_ops.settings import PROJECT_ROOT
from trading_ops.simulation.market import SimulatedMarket


def test_two_files_of_one_symbol_must_agree(desk, tmp_path):
    """Equal rows merge; a file that contradicts the one before it is refused with the line."""
    folder = write(tmp_path / "in", "IBM.csv", *ROWS[:2])
    write(folder, "daily_adjusted_IBM.csv", *ROWS[1:])
    write(folder, "DA-IBM-T-2024-03-06.csv", ROWS[0], ROWS[1].replace("101.1", "101.2"))
    report = load(desk, folder, "one")
    assert counts(report) == (3, 0, 1)
    (refusal,) = report.refused
    assert (refusal.file, refusal.line) == ("DA-IBM-T-2024-03-06.csv", 3)


def stooq_row(day: str, price: float) -> str:
    """One Stooq bar with all four prices equal."""
    return f"{day},{price},{price},{price},{price},1000\n"


DAYS = ["2024-03-04", "2024-03-05", "2024-03-06", "2024-03-07"]


def test_a_rescaled_history_is_a_new_version_when_it_is_whole(desk, tmp_path):
    """Stooq divides everything by one constant at an ex-date; the full file replaces the full history."""
    folder = tmp_path / "in"
    load(
        desk,
        write(folder, "ko_us_d.csv", *(stooq_row(day, 60) for day in DAYS[:3]), header=STOOQ_HEADER),
        "one",
    )
    report = load(
        desk, write(folder, "ko_us_d.csv", *(stooq_row(day, 59) for day in DAYS), header=STOOQ_HEADER), "two"
    )
    assert (counts(report), report.refused) == ((1, 3, 0), ())


@pytest.mark.parametrize(
    ("days", "price", "words"),
    [(DAYS[2:], 59, "rescaled"), (DAYS[3:], 60, "no bar in common"), (DAYS[:2], 61, "older download")],
)
def test_a_part_of_another_scale_never_stands_beside_the_old_one(desk, tmp_path, days, price, words):
    """A cliff between two scales would look like a crash or a rally to every signal."""
    folder = tmp_path / "in"
    load(
        desk,
        write(folder, "ko_us_d.csv", *(stooq_row(day, 60) for day in DAYS[:3]), header=STOOQ_HEADER),
        "one",
    )
    report = load(
        desk,
        write(folder, "ko_us_d.csv", *(stooq_row(day, price) for day in days), header=STOOQ_HEADER),
        "two",
    )
    assert counts(report) == (0, 0, 0)
    assert words in report.refused[0].reason
    assert stored(desk, "select count(*) from raw.eod_bars") == [(3,)]


def test_a_load_that_is_killed_leaves_nothing(desk, tmp_path):
    """SIGKILL in the middle of the copying: no bar, no load, and the next load just works."""
    SimulatedMarket(7).write_inbox(tmp_path, date(2023, 1, 3), date(2023, 12, 29))
    script = (
        "import sys; from pathlib import Path\n"
        "from trading_ops.bars import append, load; from trading_ops.db.connect import connect\n"
        "finish = append._Load.finish\n"
        "def stuck(self, failures):\n"
        "    print('written', flush=True); import time; time.sleep(60)\n"
        "append._Load.finish = stuck\n"
        "with connect('desk_loader') as connection: load.load_folder(connection, Path(sys.argv[1]), 'one')\n"
    )
    environment = {
        **environment_of(desk),
        "PYTHONPATH": str(PROJECT_ROOT / "plugins"),
        "PATH": "/usr/bin:/bin",
    }
    victim = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert victim.stdout.readline() == "written\n"
    victim.kill()
    victim.wait()
    assert stored(desk, "select count(*) from raw.eod_bars") == [(0,)]
    assert stored(desk, "select count(*) from raw.loads") == [(0,)]
    assert load(desk, tmp_path, "one").rows_new == 250 * 101
