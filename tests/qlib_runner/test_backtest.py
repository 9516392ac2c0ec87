"""The backtest: its account, its labels and its figures, each worked out again from the bars."""

import json
import math
from datetime import date

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.qlib_runner import market

PLOTS = {"equity", "drawdown", "ic_by_month", "quantile_returns", "feature_importance"}


@pytest.fixture(scope="module")
def walked(quickly_made, earlier_dataset, trained, tmp_path_factory):
    """Three models for the three parts of the test segment, five holdings, against equal weights."""
    inputs = market.write_backtest_inputs(
        tmp_path_factory.mktemp("in"),
        earlier_dataset,
        trained,
        market.EARLIER,
        walk_forward_parts=3,
        topk=5,
        n_drop=2,
    )
    return quickly_made("backtest", inputs)


@pytest.fixture(scope="module")
def closes() -> pd.DataFrame:
    """Adjusted closes by session and symbol, known on EARLIER."""
    bars = market.bars_table(market.EARLIER).to_pandas()
    return bars.pivot(index="session_date", columns="internal_symbol", values="close")


def figures(folder) -> dict:
    """Return metrics.json."""
    return json.loads((folder / "metrics.json").read_text())


def daily(folder) -> pd.DataFrame:
    """Return the account by session."""
    return pq.read_table(folder / "daily.parquet").to_pandas().set_index("session_date")


def predictions(folder) -> pd.DataFrame:
    """Return the scored rows."""
    return pq.read_table(folder / "predictions.parquet").to_pandas()


def test_the_result_holds_the_report_and_what_it_is_made_of(backtested):
    """Nothing else, and each plot is there."""
    found = {str(path.relative_to(backtested)) for path in backtested.rglob("*") if path.is_file()}
    assert found == {
        "manifest.json",
        "metrics.json",
        "predictions.parquet",
        "daily.parquet",
        "backtest_summary.md",
        "report.html",
        *(f"plots/{name}.svg" for name in PLOTS),
    }


def test_every_company_is_scored_on_every_session_of_the_test_segment(backtested, trained, closes):
    """The label is the return from the next close to five sessions later; the last six are not known yet."""
    rows = predictions(backtested)
    segments = json.loads((trained / "model.json").read_text())["segments"]
    days = sorted(set(rows["session_date"]))
    assert [str(days[0]), str(days[-1])] == [segments["TEST_START"], segments["TEST_END"]]
    assert set(rows["internal_symbol"]) == set(market.traded_symbols())
    assert len(rows) == 126 * 23
    place = {day: at for at, day in enumerate(closes.index)}
    known = rows.dropna()
    assert set(rows.loc[rows["label"].isna(), "session_date"]) >= set(days[-6:])
    assert len(known) > 0.9 * len(rows)
    for row in known.itertuples():
        series, at = closes[row.internal_symbol], place[row.session_date]
        wanted = series.iloc[at + 6] / series.iloc[at + 1] - 1
        assert row.label == pytest.approx(wanted, abs=1e-6)


def test_the_account_follows_from_its_returns_and_its_costs(backtested):
    """10,000 grow by the net returns; what is traded costs 15 basis points."""
    account = daily(backtested)
    before = account["value"].shift(1, fill_value=10_000.0)
    assert np.allclose(account["value"], before * (1 + account["return"]), rtol=1e-12)
    assert np.allclose(account["cost"], 0.0015 * account["turnover"], rtol=1e-9)
    assert account["turnover"].sum() > 2


def test_it_trades_in_the_first_session_of_a_week_only(backtested):
    """Also after a Monday without a session: Christmas, Martin Luther King, Presidents' Day."""
    account = daily(backtested)
    traded = [day for day in account.index if account.loc[day, "turnover"] > 0]
    first = {}
    for day in account.index:
        first.setdefault(day.isocalendar()[:2], day)
    assert set(traded) <= set(first.values())
    assert len(traded) >= 20 and date(2023, 1, 17) in traded


def test_the_benchmark_is_the_symbols_own_return(backtested, closes):
    """From close to close, in 32 bits."""
    wanted = closes[market.BENCHMARK].pct_change().loc[daily(backtested).index]
    assert np.allclose(daily(backtested)["benchmark_return"], wanted, atol=1e-6)


def test_without_a_benchmark_it_is_the_mean_of_all_that_can_be_bought(walked, closes):
    """Without the market's own benchmark; a company's return after a pause is left out."""
    members = closes[market.traded_symbols()]
    wanted = members.pct_change(fill_method=None).mean(axis=1).loc[daily(walked).index]
    assert np.allclose(daily(walked)["benchmark_return"], wanted, atol=1e-6)
    assert figures(walked)["benchmark_symbol"] is None


def test_the_figures_are_those_of_the_rows(backtested):
    """Worked out again from the two parquet files, session by session."""
    found, account, rows = figures(backtested), daily(backtested), predictions(backtested).dropna()
    ic, rank_ic = [], []
    for _, day in rows.groupby("session_date"):
        ic.append(np.corrcoef(day["score"], day["label"])[0, 1])
        rank_ic.append(np.corrcoef(day["score"].rank(), day["label"].rank())[0, 1])
    assert found["ic"] == pytest.approx(np.mean(ic))
    assert found["icir"] == pytest.approx(np.mean(ic) / np.std(ic, ddof=1))
    assert found["rank_ic"] == pytest.approx(np.mean(rank_ic))
    assert found["rank_icir"] == pytest.approx(np.mean(rank_ic) / np.std(rank_ic, ddof=1))
    net, years = account["return"].to_numpy(), len(account) / 252
    assert found["cagr"] == pytest.approx((account["value"].iloc[-1] / 10_000) ** (1 / years) - 1)
    gross = math.prod(1 + account["return"] + account["cost"]) ** (1 / years) - 1
    assert found["cost_drag"] == pytest.approx(gross - found["cagr"])
    assert found["sharpe"] == pytest.approx(net.mean() / net.std(ddof=1) * math.sqrt(252))
    assert found["turnover"] == pytest.approx(account["turnover"].sum() / years)
    lowest, highest = 0.0, 10_000.0
    for value in account["value"]:
        highest = max(highest, value)
        lowest = min(lowest, value / highest - 1)
    assert found["max_drawdown"] == pytest.approx(lowest)
    own = account["benchmark_return"]
    assert found["benchmark"]["cagr"] == pytest.approx(math.prod(1 + own) ** (1 / years) - 1)


def test_the_page_is_one_file_and_says_which_segment_is_what(backtested, trained):
    """Five plots in it, no address of anything outside, every figure and every segment."""
    page = (backtested / "report.html").read_text()
    assert page.count("<svg") == len(PLOTS)
    for name in PLOTS:
        assert (backtested / f"plots/{name}.svg").read_text().strip() in page
    outside = page.replace("http://www.w3.org/2000/svg", "")
    assert not [word for word in ("http", "src=", "href=", "<script", "<link") if word in outside]
    described = json.loads((trained / "model.json").read_text())
    summary = (backtested / "backtest_summary.md").read_text()
    for text in (page, summary):
        for words in (*described["segments"].values(), described["model_sha256"], "0.15%"):
            assert words in text
        assert "only measured" in text.replace("\n", " ")
        for name in ("rank_ic", "sortino", "max_drawdown", "cost_drag"):
            assert name in text
    assert "20230701-080000Z-git0000000" in summary
    assert "predictions.parquet" in summary and "train/manifest.json" in summary


def test_the_walk_forward_is_what_qlibs_rolling_predicts(inside, earlier_dataset, trained, walked):
    """RollingGen and TrainerR on the same segments give the same scores, bit by bit."""
    found = json.loads(inside("rolling_equality.py", earlier_dataset / "store", trained, 3))
    assert found["distinct_models"] == 3 and found["rows"] > 2_800
    same = ("same_segments", "same_index", "same_scores")
    assert {name: found[name] for name in same} == dict.fromkeys(same, True)
    summary = (walked / "backtest_summary.md").read_text()
    for first, last in found["parts"]:
        assert f"{first} to {last} |" in summary


def test_the_walk_forward_begins_with_the_trained_model(backtested, walked):
    """The first part's segments are the model's own, so its scores are too; later parts differ."""
    one, three = predictions(backtested), predictions(walked)
    days = sorted(set(one["session_date"]))
    is_first = one["session_date"] <= days[41]
    assert one[is_first]["score"].equals(three[is_first]["score"])
    assert not one[~is_first]["score"].equals(three[~is_first]["score"])
    assert one["label"].equals(three["label"])
    assert (figures(walked)["topk"], figures(walked)["walk_forward_parts"]) == (5, 3)


def test_a_second_backtest_on_one_thread_has_the_same_bytes(
    made, earlier_dataset, trained, backtested, tmp_path
):
    """Plots, pages and parquet: no clock, no path and no number of threads is in them."""
    inputs = market.write_backtest_inputs(
        tmp_path, earlier_dataset, trained, market.EARLIER, benchmark=market.BENCHMARK, threads=1
    )
    again = json.loads((made("backtest", inputs) / "manifest.json").read_text())
    assert again["outputs"] == json.loads((backtested / "manifest.json").read_text())["outputs"]


# The committed figures of the small market, as one machine found them. Another CPU may round a split of a
# tree differently, so they hold within a tolerance: an IC to 0.02, a yearly return to 0.05.
COMMITTED = {
    "ic": (0.445, 0.02),
    "rank_ic": (0.439, 0.02),
    "cagr": (0.997, 0.05),
    "sharpe": (4.89, 0.3),
    "max_drawdown": (-0.0344, 0.01),
    "turnover": (17.84, 0.5),
    "cost_drag": (0.0540, 0.005),
    "hit_rate": (0.769, 0.04),
    "rebalance_count": (26, 0),
}


def test_the_figures_stay_what_they_were(backtested):
    """A change of features, label, segments, strategy or costs shows here first."""
    found = figures(backtested)
    assert {name: found[name] for name in COMMITTED} == {
        name: pytest.approx(value, abs=tolerance) for name, (value, tolerance) in COMMITTED.items()
    }


def test_what_cannot_be_tested_is_refused_without_a_trace(
    commands, dataset, earlier_dataset, trained, tmp_path
):
    """Another day or dataset, a changed model, a benchmark that is not there, settings nobody knows."""
    (tmp_path / "results").mkdir()
    lines, wanted = [], []

    def given(name: str, reason: str, source=earlier_dataset, last=market.EARLIER, **config):
        path = market.write_backtest_inputs(tmp_path / name, source, trained, last, **config)
        lines.append(["backtest", "--manifest", path, "--out", tmp_path / "results" / name])
        wanted.append(reason)
        return path.parent

    given("as_of", "the dataset is of 2023-03-31, not of 2023-06-30", last=market.LAST)
    given("other", "the model was trained on another dataset", dataset, market.LAST)
    given("benchmark", "benchmark NOSUCH: the dataset has no bar of it", benchmark="NOSUCH")
    given("left", f"benchmark {market.LEAVER}: no return on 2022-", benchmark=market.LEAVER)
    given("paused", f"benchmark {market.PAUSED}: no return on 2022-10-03", benchmark=market.PAUSED)
    given("number", "config benchmark must be a symbol", benchmark=7)
    given("unknown", "config 'top' is unknown", top=5)
    given("topk", "config topk must be from 1", topk=0)
    given("drop", "n_drop must be from 1 to topk", topk=2, n_drop=3)
    given("many", "a test segment of 126 sessions has no 127 parts", walk_forward_parts=127)
    given("half", "config walk_forward_parts must be from 0", walk_forward_parts=1.5)
    given("model", "SHA-256 differs").joinpath("train/model.txt").write_text("tree")
    found = commands(*lines)
    assert len(found) == len(wanted)
    for (code, said), reason in zip(found, wanted, strict=True):
        assert (code, said.count("\n")) == (2, 1), said
        assert reason in said
    assert list((tmp_path / "results").iterdir()) == []
