"""The watcher's own log: where it cannot be written, the watcher goes on."""

import io
import sys

from trading_ops.settings import Settings
from trading_ops.watch.__main__ import _mark, _try


def test_a_full_log_disk_does_not_end_the_watcher(tmp_path, monkeypatch):
    """Neither what it has to say nor what went wrong nor the mark of its round."""

    def breaks(config):
        raise ValueError("no database")

    for stream in ("stdout", "stderr"):
        monkeypatch.setattr(sys, stream, io.TextIOWrapper(io.FileIO("/dev/full", "w"), write_through=True))
    assert _try(lambda config: ["news"], Settings()) == ["news"]
    assert _try(breaks, Settings()) is None
    (tmp_path / "run").touch()
    _mark(tmp_path / "run/watched")
