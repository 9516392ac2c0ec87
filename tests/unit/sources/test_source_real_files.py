"""Every real vendor file is accepted with its rows or refused with a reason a person understands."""

import zipfile

import numpy as np
import pytest

from trading_ops.bars.files import find_files
from trading_ops.bars.parse import parse_file
from trading_ops.bars.prepare import session_dates
from trading_ops.bars.refusal import FileRefused

NEWEST = np.datetime64("2026-07-14")
# Folder -> (source, files accepted, what is refused and why).
SETS = {
    "stooq_csv_endpoint": ("stooq", 7, {}),
    "av_raw_unadjusted_2025-09": ("alpha_vantage", 10, {}),
    "yahoo_split_adj_2026-06": ("yahoo", None, {}),
}


def prepared(folder):
    """Return what was accepted and what was refused of a folder or zip."""
    accepted, refused = {}, {}
    for one in find_files(folder):
        if one.name.endswith("README.txt"):
            continue
        try:
            accepted[one.name] = parse_file(one.read(), one.name, NEWEST, session_dates())
        except FileRefused as refusal:
            refused[one.name] = str(refusal)
    return accepted, refused


@pytest.mark.parametrize("name", SETS)
def test_every_file_of_a_set_is_accepted(real_files, name):
    """One source each, bars with dates in order, no file passed over."""
    source, count, expected = SETS[name]
    accepted, refused = prepared(real_files / name)
    assert refused == expected
    assert {parsed.source for parsed in accepted.values()} == {source}
    assert len(accepted) == count if count else len(accepted) >= 25
    for parsed in accepted.values():
        assert parsed.bars is None or (np.diff(parsed.dates).astype(int) > 0).all()


def test_alpha_vantage_files_are_accepted_but_for_the_error_body(real_files):
    """95 companies; one that is a saved error message would be named."""
    accepted, refused = prepared(real_files / "av_sp500_daily_adjusted")
    assert len(accepted) >= 94 and len(accepted) + len(refused) >= 95
    assert all("line " in reason and "field " in reason for reason in refused.values())


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["dev_d_us_txt_2020-01-23.zip", "dev_d_us_txt_2024-06-21_etfs.zip", "dev_d_us_txt_2024-10-29_nasdaq.zip"],
)
def test_every_member_of_a_bulk_zip_is_read(real_files, name):
    """Nothing is lost on the way, and whatever is refused says where and why."""
    path = real_files / "stooq_bulk_vintages" / name
    with zipfile.ZipFile(path) as archive:
        members = sum(not info.is_dir() for info in archive.infolist())
    accepted, refused = prepared(path)
    assert len(accepted) + len(refused) == members
    assert all("line " in reason and "field " in reason for reason in refused.values())
    assert len(refused) <= 4, refused
