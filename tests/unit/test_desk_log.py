"""The desk's log: a line of JSON each, a file a day, and none where no desk is."""

import json
import re
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from trading_ops import desk_log
from trading_ops.settings import Settings


def test_a_line_says_when_who_of_which_run_and_what(tmp_path):
    """In UTC, for the desk's user alone; a text of several lines stays one line of the file."""
    config = replace(Settings(), data=tmp_path / "data")
    desk_log.write(config, "weekly_plan.decide", 'gate "risk" said no:\n£1 too much', "run_7", "ERROR")
    desk_log.write(config, "trading-ops halt", "ended with exit code 0")
    (path,) = (tmp_path / "logs").iterdir()
    assert re.fullmatch(r"desk-\d{4}-\d\d-\d\d\.jsonl", path.name)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    first, second = map(json.loads, path.read_text().splitlines())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first.pop("time"))
    assert first == {
        "level": "ERROR", "component": "weekly_plan.decide", "run_id": "run_7",
        "message": 'gate "risk" said no:\n£1 too much',
    }  # fmt: skip
    assert (second["level"], second["run_id"]) == ("INFO", None)


def test_a_new_day_takes_the_oldest_away(tmp_path):
    """Whole days go, and only of this log."""
    config = replace(Settings(), data=tmp_path / "data")
    today = datetime.now(UTC)
    kept, gone = (f"desk-{today - timedelta(days=days):%Y-%m-%d}.jsonl" for days in (59, 62))
    (tmp_path / "logs").mkdir()
    for name in (kept, gone, "scheduler.log"):
        (tmp_path / "logs" / name).write_text("{}\n")
    desk_log.write(config, "trading-ops status", "ended with exit code 0")
    left = {path.name for path in (tmp_path / "logs").iterdir()}
    assert gone not in left and {kept, "scheduler.log"} < left and len(left) == 3


def test_no_desk_no_log_and_no_trouble(tmp_path):
    """A verb typed before there is a desk leaves no folder behind."""
    desk_log.write(replace(Settings(), data=tmp_path / "none/data"), "trading-ops status", "refused")
    assert not (tmp_path / "none").exists()
