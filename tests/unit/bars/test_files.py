"""Which files are looked at, in which order, and what an unreadable one becomes."""

import zipfile

import pytest

from trading_ops.bars.files import LoadError, find_files
from trading_ops.bars.refusal import FileRefused


def put(folder, *names):
    """Create files with their own name as content."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def test_paperwork_is_passed_over_and_nothing_else(tmp_path):
    """A README is no data; a file of an unknown kind still has to be refused by name."""
    put(
        tmp_path,
        "README.txt",
        "LICENSE",
        "A.meta.json",
        ".hidden",
        ".cache/A.csv",
        "B.part",
        "A.csv",
        "deep/C.csv",
        "x.xlsx",
    )
    assert {one.name for one in find_files(tmp_path)} == {"A.csv", "deep/C.csv", "x.xlsx"}


def test_of_two_downloads_of_a_symbol_the_newer_comes_first(tmp_path):
    """The first file of a symbol wins, so the order is the rule."""
    put(
        tmp_path,
        "2022-04-08__aapl_us_d.csv",
        "2026-06-26__aapl_us_d.csv",
        "2026-05-05__tlt_us_d.csv",
        "AA.csv",
    )
    names = [one.name for one in find_files(tmp_path)]
    assert names == [
        "AA.csv",
        "2026-06-26__aapl_us_d.csv",
        "2022-04-08__aapl_us_d.csv",
        "2026-05-05__tlt_us_d.csv",
    ]


def test_a_zip_is_read_alone_and_inside_a_folder(tmp_path):
    """Stooq's bulk download is one zip with folders in it."""
    with zipfile.ZipFile(tmp_path / "d_us.zip", "w") as archive:
        archive.writestr("data/1/aapl.us.txt", "content")
        archive.writestr("data/readme.txt", "paper")
    for path in (tmp_path, tmp_path / "d_us.zip"):
        (only,) = find_files(path)
        assert (only.name, only.read()) == ("d_us.zip/data/1/aapl.us.txt", b"content")


def test_a_broken_zip_is_a_refused_file(tmp_path):
    """A download that broke off costs that zip, not the load."""
    (tmp_path / "d_us.zip").write_bytes(b"PK\x03\x04 cut short")
    (only,) = find_files(tmp_path)
    with pytest.raises(FileRefused, match=r"d_us\.zip, line 1, field file: not readable as a zip"):
        only.read()


def test_a_damaged_zip_member_is_a_refused_file(tmp_path):
    """The checksum inside the zip is what notices a flipped byte."""
    path = tmp_path / "d_us.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("aapl.us.txt", "content content")
    path.write_bytes(path.read_bytes().replace(b"content content", b"content cOntent"))
    (only,) = find_files(path)
    with pytest.raises(FileRefused, match="aapl.us.txt"):
        only.read()


def test_a_zip_bomb_is_refused_unopened(tmp_path):
    """No vendor file is that large; the limit is on what the zip says it will become."""
    path = tmp_path / "d_us.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("aapl.us.txt", b"0" * (64 * 1024 * 1024 + 1))
    (only,) = find_files(path)
    with pytest.raises(FileRefused, match="accepted are at most"):
        only.read()


def test_a_missing_path_is_an_error(tmp_path):
    """An inbox that is not there is no empty inbox."""
    with pytest.raises(LoadError, match="no such folder"):
        find_files(tmp_path / "inbox")
