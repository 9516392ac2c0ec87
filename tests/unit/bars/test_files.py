"""Which files are looked at, in which order, and what an unreadable one becomes."""

import os
import socket
import stat
import zipfile

import pytest

from trading_ops.bars.files import LoadError, accepted_inbox, find_files, find_left_alone
from trading_ops.bars.refusal import FileRefused
from trading_ops.settings import Settings


def put(folder, *names):
    """Create files with their own name as content."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def test_paperwork_is_passed_over_and_nothing_else_goes_untold(tmp_path):
    """A README is no data; a file with a name no source knows is left alone, and that is said."""
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
    assert [one.name for one in find_files(tmp_path)] == ["A.csv", "deep/C.csv"]
    assert [str(one) for one in find_left_alone(tmp_path)] == ["x.xlsx (file, 6 bytes)"]


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


SECRET = "127.0.0.1:54329:*:desk_owner:canary"


@pytest.fixture
def outside(tmp_path):
    """A folder beside the inbox with a secret under a vendor's name."""
    (tmp_path / "inbox").mkdir()
    put(tmp_path, "secrets/AAPL.csv")
    (tmp_path / "secrets/AAPL.csv").write_text(SECRET)
    return tmp_path / "secrets"


@pytest.mark.parametrize("leads_to", ["AAPL.csv", ".", "nowhere.csv"], ids=["file", "folder", "nothing"])
def test_a_link_out_of_the_inbox_is_not_followed(tmp_path, outside, leads_to):
    """Neither one to a file nor one to a folder of them; that it lies there is said."""
    (tmp_path / "inbox/MSFT.csv").symlink_to(outside / leads_to)
    assert find_files(tmp_path / "inbox") == []
    assert [(one.name, one.kind) for one in find_left_alone(tmp_path / "inbox")] == [("MSFT.csv", "link")]


def test_a_link_that_takes_a_files_place_after_it_was_listed_is_not_followed(tmp_path, outside):
    """The file that was looked at is the one that is read, also below a folder that was exchanged."""
    put(tmp_path / "inbox", "MSFT.csv", "deep/AAPL.csv")
    deep, flat = find_files(tmp_path / "inbox")
    (tmp_path / "inbox/MSFT.csv").unlink()
    (tmp_path / "inbox/MSFT.csv").symlink_to(outside / "AAPL.csv")
    (tmp_path / "inbox/deep").rename(tmp_path / "gone")
    (tmp_path / "inbox/deep").symlink_to(outside)
    for one in (deep, flat):
        with pytest.raises(FileRefused, match="it cannot be read") as refused:
            one.read()
        assert "canary" not in str(refused.value)


def test_a_pipe_or_a_socket_under_a_vendors_name_is_not_waited_for(tmp_path):
    """Opening either would wait for somebody to write into it."""
    os.mkfifo(tmp_path / "AAPL.csv")
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(tmp_path / "MSFT.csv"))
        found = find_left_alone(tmp_path)
    assert find_files(tmp_path) == []
    assert [(one.name, one.kind) for one in found] == [("AAPL.csv", "pipe"), ("MSFT.csv", "socket")]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("AAPL.csv", stat.S_IFLNK),
        ("AAPL.csv", stat.S_IFIFO),
        ("../AAPL.csv", stat.S_IFREG),
        ("a/../../AAPL.csv", stat.S_IFREG),
        ("/etc/AAPL.csv", stat.S_IFREG),
        ("a\\..\\AAPL.csv", stat.S_IFREG),
        ("AAPL.csv\0.txt", stat.S_IFREG),
        ("evil\nline/AAPL.csv", stat.S_IFREG),
        ("pgpass", stat.S_IFREG),
    ],
)
def test_a_member_of_a_zip_that_is_no_vendor_file_is_left_alone(tmp_path, name, kind):
    """A link, a pipe, a name that leads out of the zip, one with a hidden end, and one no source knows."""
    member = zipfile.ZipInfo()
    member.filename, member.external_attr = name, (kind | 0o644) << 16
    with zipfile.ZipFile(tmp_path / "d_us.zip", "w") as archive:
        archive.writestr(member, SECRET)
    assert find_files(tmp_path) == []
    (only,) = find_left_alone(tmp_path)
    assert only.name.startswith("d_us.zip/") and only.name.isprintable()


def test_a_name_of_strange_bytes_is_told_in_plain_text(tmp_path):
    """A name that no text can hold would stop the load at the first place it is written down."""
    with open(os.fsencode(tmp_path) + b"/\xff.txt", "w"):
        pass
    folder = os.fsencode(tmp_path) + b"/\xfe"
    os.mkdir(folder)
    with open(folder + b"/AAPL.csv", "w"):
        pass
    names = [one.name for one in find_files(tmp_path)] + [one.name for one in find_left_alone(tmp_path)]
    assert names == ["\\udcfe/AAPL.csv", "\\udcff.txt"]


def test_letters_that_fold_into_a_symbol_are_another_name(tmp_path):
    """A long s reads as S, a Kelvin sign as K: a second way to write one company's symbol."""
    put(tmp_path, "\u017fPY.csv", "\u212aO.csv")
    assert find_files(tmp_path) == [] and len(find_left_alone(tmp_path)) == 2


def test_an_inbox_lies_below_the_data_folder_or_where_the_settings_allow_it(tmp_path, outside):
    """Whoever may start a run could otherwise point it at any file of the desk's, also by a link."""
    config = Settings(data=tmp_path / "data", inboxes=f"{tmp_path}/more:{tmp_path}/usb")
    for allowed in (config.inbox, config.data, tmp_path / "more/2026", tmp_path / "usb"):
        assert accepted_inbox(allowed, config) == allowed
    (tmp_path / "data").mkdir()
    (tmp_path / "data/inbox").symlink_to(outside)
    for refused in (
        outside,
        outside / "AAPL.csv",
        config.inbox,
        tmp_path / "data/../secrets",
        tmp_path / "mo",
    ):
        with pytest.raises(LoadError, match="TRADING_OPS_INBOXES"):
            accepted_inbox(refused, config)
