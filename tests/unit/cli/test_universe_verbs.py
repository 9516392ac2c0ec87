"""trading-ops universe check, diff and import: shown first, written whole, and nothing is lost."""

import dataclasses

import pytest

from trading_ops.cli import universe
from trading_ops.cli.main import main
from trading_ops.settings import PROJECT_ROOT, Settings

COMMITTED = (PROJECT_ROOT / "config/universe.csv").read_text()
AAL = next(line for line in COMMITTED.splitlines(keepends=True) if line.startswith("AAL,"))
CHANGED = (
    COMMITTED.replace(AAL, "").replace("Apple (AAPL)", "Apple Inc")
    + "ZZZ,ZZZ,ZZZ,,Zed (ZZZ),USD,stock,false,true,true,,A. Person,2026-11-20\n"
)


@pytest.fixture
def desk_files(tmp_path, monkeypatch) -> Settings:
    """A desk whose universe file is a copy of the committed one."""
    config = dataclasses.replace(Settings(), universe=tmp_path / "config/universe.csv")
    config.universe.parent.mkdir()
    config.universe.write_text(COMMITTED)
    monkeypatch.setattr(universe, "settings", lambda: config)
    return config


def offered(config: Settings, text: str) -> str:
    """Write a file somebody offers for import and return its path."""
    path = config.universe.parent.parent / "offered.csv"
    path.write_text(text)
    return str(path)


def files(config: Settings) -> list[str]:
    """Return what lies in the folder of the universe file."""
    return sorted(path.name for path in config.universe.parent.iterdir())


def test_a_diff_says_what_changes_per_symbol(desk_files, capsys):
    """Added, removed, and each changed field with its old and new value."""
    assert main(["universe", "diff", offered(desk_files, CHANGED)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "- AAL: removed",
        "~ AAPL: etoro_search_name: Apple (AAPL) -> Apple Inc",
        "+ ZZZ: added",
        "1 added, 1 removed, 1 changed",
    ]


def test_a_cell_that_becomes_empty_is_shown(desk_files, capsys):
    """Nothing reads as nothing: an empty cell is a dash."""
    row = "QQQ,QQQ,QQQ,QQQ,"
    assert row in COMMITTED
    main(["universe", "diff", offered(desk_files, COMMITTED.replace(row, "QQQ,QQQ,,QQQ,"))])
    assert "~ QQQ: stooq_symbol: QQQ -> -" in capsys.readouterr().out


def test_an_import_without_yes_only_shows(desk_files, capsys):
    """The file stays as it was."""
    assert main(["universe", "import", offered(desk_files, CHANGED)]) == 0
    assert "nothing is written" in capsys.readouterr().out
    assert desk_files.universe.read_text() == COMMITTED
    assert files(desk_files) == ["universe.csv"]


def test_an_import_keeps_every_file_it_replaces(desk_files):
    """Two imports leave two old files, each whole, and the one in use byte for byte as offered."""
    assert main(["universe", "import", "--yes", offered(desk_files, CHANGED)]) == 0
    assert desk_files.universe.read_text() == CHANGED
    assert main(["universe", "import", "--yes", offered(desk_files, COMMITTED)]) == 0
    kept = [path for path in desk_files.universe.parent.iterdir() if path.suffix == ".bak"]
    assert {path.read_text() for path in kept} == {COMMITTED, CHANGED}
    assert len(files(desk_files)) == 3


def test_the_same_file_again_writes_nothing(desk_files, capsys):
    """An import of what is there is no change and leaves no copy."""
    assert main(["universe", "import", "--yes", offered(desk_files, COMMITTED)]) == 0
    assert "0 added, 0 removed, 0 changed" in capsys.readouterr().out
    assert files(desk_files) == ["universe.csv"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (COMMITTED.replace("AAPL,AAPL", "aapl,AAPL"), "line 2, field internal_symbol: 'aapl'"),
        ("<html>blocked</html>\n", "line 1, field header"),
        ("", "line 1, field header: nothing"),
        (COMMITTED.replace("etf,true,false,true", "etf,false,false,true"), "field is_benchmark"),
    ],
)
def test_a_file_the_desk_would_refuse_is_not_imported(desk_files, capsys, text, words):
    """The message names file, line and field; nothing is written."""
    assert main(["universe", "import", "--yes", offered(desk_files, text)]) == 1
    assert f"offered.csv, {words}" in capsys.readouterr().err
    assert files(desk_files) == ["universe.csv"]
    assert desk_files.universe.read_text() == COMMITTED


def test_a_file_that_leaves_an_alias_without_its_symbol_is_not_imported(desk_files, capsys):
    """The dated names beside the file must still make sense with it."""
    aliases = desk_files.universe.parent / "vendor_aliases.csv"
    aliases.write_text(
        "source,vendor_symbol,internal_symbol,valid_from_date,valid_to_date\nyahoo,AAL,AAL,,\n"
    )
    assert main(["universe", "import", "--yes", offered(desk_files, CHANGED)]) == 1
    assert "line 2, field internal_symbol: 'AAL'" in capsys.readouterr().err
    assert desk_files.universe.read_text() == COMMITTED


def test_a_file_somebody_else_changed_meanwhile_is_not_replaced(desk_files, monkeypatch, capsys):
    """What was looked at is what is replaced, or nothing."""
    other = COMMITTED.replace(AAL, "")
    monkeypatch.setattr(universe, "_show", lambda old, new: desk_files.universe.write_text(other))
    assert main(["universe", "import", "--yes", offered(desk_files, CHANGED)]) == 1
    assert "was changed meanwhile" in capsys.readouterr().err
    assert desk_files.universe.read_text() == other


def test_a_missing_universe_file_can_be_imported(desk_files):
    """The first import of a new desk has nothing to compare with and nothing to keep."""
    desk_files.universe.unlink()
    assert main(["universe", "import", "--yes", offered(desk_files, CHANGED)]) == 0
    assert files(desk_files) == ["universe.csv"]


def test_check_says_what_the_file_holds(desk_files, capsys):
    """Counts, benchmark and how many stocks somebody has found on eToro."""
    desk_files.universe.write_text(CHANGED)
    assert main(["universe", "check"]) == 0
    out = capsys.readouterr().out
    assert "benchmark  SPY" in out
    assert "verified   1 of 106 stocks" in out


def test_nothing_is_verified_after_tomorrow_by_this_machine_s_clock(desk_files, capsys):
    """A year mistyped would otherwise be read as the newest verification of all."""
    desk_files.universe.write_text(CHANGED.replace("2026-11-20", "2999-11-20"))
    assert main(["universe", "check"]) == 1
    assert "field verified_at: '2999-11-20'; accepted is a day from 2000-01-01 to" in capsys.readouterr().err


def test_a_check_says_what_the_file_enables(desk_files, capsys):
    """A symbol switched off since is told of by the report."""
    assert main(["universe", "check"]) == 0
    assert "of them enabled in the file" in capsys.readouterr().out
