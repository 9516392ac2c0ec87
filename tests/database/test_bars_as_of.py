"""As of any past load the desk sees exactly what it knew then, and rows are added only for what changed."""

from collections import Counter
from datetime import date
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.database.bar_folders import load, stored, write

HEADER = "timestamp,open,high,low,close,volume\n"
DAYS = [f"2024-03-{day:02}" for day in (4, 5, 6, 7, 8, 11, 12, 13)]
# What a bar says: mostly the same, now and then another price or volume, or the same with other digits.
BARS = st.sampled_from(["100,10"] * 12 + ["100.0,10", "100.5,10", "100,20"])
FILES = st.tuples(st.integers(0, 7), st.integers(1, 8), st.lists(BARS, min_size=8, max_size=8)).filter(
    lambda file: file[0] < file[1]
)
LOADS = st.lists(st.dictionaries(st.sampled_from("PQ"), FILES, max_size=2), min_size=2, max_size=5)
AS_OF = """
    select distinct on (vendor_symbol, session_date) vendor_symbol, session_date::text, close_price, volume_units
    from raw.eod_bars where load_id <= {} and vendor_symbol like '{}%'
    order by vendor_symbol, session_date, load_id desc
"""
numbers = count()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LOADS)
def test_every_past_snapshot_is_what_was_known_then(desk, tmp_path, loads):
    """A plain dictionary per load says the same as the table, and refused files are in neither."""
    number = next(numbers)
    stem = f"X{chr(65 + number // 26 % 26)}{chr(65 + number % 26)}"
    known: dict[tuple[str, str], tuple[float, float]] = {}
    snapshots: dict[int, list[tuple]] = {}
    for place, files in enumerate(loads):
        folder = tmp_path / f"{number}-{place}"
        folder.mkdir()
        for letter, (first, last, bars) in files.items():
            rows = [
                f"{DAYS[day]},{price},{price},{price},{price},{volume}{letter == 'Q':d}\n"
                for day, (price, volume) in enumerate(bar.split(",") for bar in bars)
                if first <= day < last
            ]
            write(folder, f"daily_{stem}{letter}.csv", *rows, header=HEADER)
        report = load(desk, folder, f"{number}-{place}")
        refused = {refusal.file for refusal in report.refused}
        before = dict(known)
        for letter, (first, last, bars) in files.items():
            if f"daily_{stem}{letter}.csv" not in refused:
                for day in range(first, last):
                    price, volume = bars[day].split(",")
                    known[stem + letter, DAYS[day]] = (float(price), float(f"{volume}{letter == 'Q':d}"))
        changed_count = sum(before.get(key) != value for key, value in known.items())
        assert report.rows_new + report.rows_changed == changed_count
        assert stored(desk, f"select count(*) from raw.eod_bars where load_id = {report.load_id}") == [
            (changed_count,)
        ]
        snapshots[report.load_id] = [(*key, *value) for key, value in sorted(known.items())]
    for load_id, expected in snapshots.items():
        assert stored(desk, AS_OF.format(load_id, stem)) == expected


def test_a_month_of_daily_loads_adds_rows_only_for_what_changed(desk, tmp_path):
    """Twenty files of the whole history, one bar longer each day and one old bar corrected: 20 + 1 rows."""
    days = [f"2024-{month:02}-{day:02}" for month in (1, 2, 3) for day in range(1, 29)]
    days = [day for day in days if date.fromisoformat(day).weekday() < 5]
    days = [day for day in days if day not in ("2024-01-01", "2024-01-15", "2024-02-19")]
    rows = [f"{day},{n}.5,{n}.5,{n}.5,{n}.5,1000\n" for n, day in enumerate(days, 100)]
    folder = tmp_path / "in"
    load(desk, write(folder, "daily_IBM.csv", *rows[:30], header=HEADER), "day 0")
    for n in range(1, 21):
        if n == 10:
            rows[5] = rows[5].replace("1000", "1001")
        load(desk, write(folder, "daily_IBM.csv", *rows[: 30 + n], header=HEADER), f"day {n}")
    added = stored(desk, "select load_id, count(*) from raw.eod_bars where load_id > 1 group by 1")
    assert Counter(row_count for _, row_count in added) == {1: 19, 2: 1}
    assert stored(desk, "select kind, bars_count, largest_ratio from raw.restatements") == [("revised", 1, 0)]
