"""
The dataset: adjusted bars in, Qlib's store out, refused rather than repaired.

`dataset` takes three inputs and no config:

bars.parquet     one row per symbol and session, in that order, no missing value:
                 internal_symbol  string
                 session_date     date32
                 open high low close vwap   float64, adjusted with forward factors, so that a new dividend
                                  or split changes no old row: old bytes stay old bytes. Where the
                                  vendor has no vwap, it is (high + low + close) / 3
                 volume           float64, shares as traded divided by factor
                 factor           float64, adjusted price / traded price
instruments.csv  internal_symbol,start_date,end_date: one row per membership of a symbol in the universe,
                 an open end is empty. A symbol that left stays in the file: whoever trains on today's
                 members only trains on the survivors. A row without both dates is for a symbol that has
                 bars and is no member, as a benchmark.
calendar.csv     session_date, ascending: every session from the first bar to at least as_of_date; the
                 later ones are sessions known ahead.

The result holds store/, the folder Qlib calls its provider_uri (store.py says what is refused), and
counts.json.
"""

import csv
import io
import json
from datetime import date
from pathlib import Path

from qlib_runner.manifest import Manifest, Refused, parse_date
from qlib_runner.store import write_store

BARS, INSTRUMENTS, CALENDAR = "bars.parquet", "instruments.csv", "calendar.csv"
# What a dataset is called as an input of the next command.
DATASET = "dataset/manifest.json"


def run(manifest: Manifest, folder: Path) -> None:
    """Write the store of a manifest's bars into `folder`; raises Refused for what cannot be trusted."""
    manifest.require_inputs(BARS, INSTRUMENTS, CALENDAR)
    if manifest.config:
        raise Refused(f"config {min(manifest.config)!r} is unknown; dataset takes none")
    sessions = parse_calendar(manifest.read(CALENDAR), manifest.as_of_date)
    counts = write_store(manifest.folder / BARS, folder / "store", sessions, manifest.folder / INSTRUMENTS)
    newest = counts["newest_session_date"]
    if newest != manifest.as_of_date.isoformat():
        raise Refused(f"{BARS}: the newest session is {newest}, but as_of_date is {manifest.as_of_date}")
    (folder / "counts.json").write_text(json.dumps(counts, indent=1, sort_keys=True) + "\n")


def store_of(manifest: Manifest) -> Path:
    """Return the store of the dataset that is an input; raises Refused for one of another as_of_date."""
    folder, made = manifest.result("dataset")
    if made["as_of_date"] != manifest.as_of_date.isoformat():
        raise Refused(f"the dataset is of {made['as_of_date']}, not of {manifest.as_of_date}")
    return folder / "store"


def sessions_of(store: Path) -> list[date]:
    """Return the sessions of a store's calendar."""
    lines = (store / "calendars/day.txt").read_text().split()
    return [date.fromisoformat(line[:10]) for line in lines]


def parse_calendar(content: bytes, as_of_date: date) -> list[date]:
    """Return the sessions; raises Refused unless each is a date and as_of_date is one of them."""
    try:
        rows = list(csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refused(f"{CALENDAR} is not a csv file in UTF-8: {error}") from None
    if rows[:1] != [["session_date"]]:
        raise Refused(f"{CALENDAR} line 1: expected the column session_date")
    sessions = []
    for line, row in enumerate(rows[1:], start=2):
        day = parse_date(row[0]) if len(row) == 1 else None
        if day is None:
            raise Refused(f"{CALENDAR} line {line}: {','.join(row)!r} is not a date like 2026-06-05")
        sessions.append(day)
    if not sessions or sessions[-1] < as_of_date:
        end = sessions[-1] if sessions else "nowhere"
        raise Refused(f"{CALENDAR} ends on {end}, before as_of_date {as_of_date}")
    if as_of_date not in sessions:
        raise Refused(f"{CALENDAR}: as_of_date {as_of_date} is no session")
    return sessions
