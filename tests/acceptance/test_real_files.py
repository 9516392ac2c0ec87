"""
`make run` on real vendor files, against figures worked out by hand.

Momentum is the total return from 252 to 21 sessions before the as-of session: from Yahoo's own
adj_close, and for Alpha Vantage from closes, splits and dividends by hand (HBI: 20.80 over 8.79
with dividends of 0.15 on closes of 8.52, 15.04, 12.85 and 17.87; the vendor's adjusted_close says
1.4762 because it rounds its factors). The sizes follow from the policy: 10,000.00 x (1 - 0.03) / 15 =
646.66 a line, until 30 % of the equity is spent.
"""

import shutil
from decimal import Decimal

import pytest

from trading_ops.db.connect import connect
from trading_ops.settings import PROJECT_ROOT
from trading_ops_stack import postgres, run_once
from trading_ops_stack.environment import state_folder
from trading_ops_stack.plan_files import files_desk

pytestmark = pytest.mark.slow

YAHOO = [
    # symbol, value_gbp, close of 12 June 2026 to the cent, momentum from Yahoo's adj_close
    ("GOOGL", "646.66", "359.68", 1.2753174853601204),
    ("NVDA", "646.66", "205.19", 0.5813732823166655),
    ("AAPL", "646.66", "291.13", 0.5094862978437962),
    ("WMT", "646.66", "121.04", 0.38381206663612955),
    ("TSLA", "413.36", "406.43", 0.3640596728374945),
]
ALPHA_VANTAGE = [
    # symbol, value_gbp, as-traded close of 20 April 2021, momentum by hand
    ("TSLA", "646.66", "718.99", 3.38709201993676),
    ("GM", "646.66", "55.77", 1.672922252010724),
    ("F", "646.66", "11.45", 1.5763052208835338),
    ("HBI", "646.66", "19.76", 1.482572708797071),
    ("FITB", "413.36", "36.44", 1.3837840553741767),
]


@pytest.fixture(scope="module")
def plan(own_desk, real_files):
    """Plan on a set of real files and return (ticket, scores by symbol)."""

    def planned(bars, as_of, *more):
        done = own_desk.run("trading_ops_stack.plan_files", real_files / bars, "--as-of", as_of, *more)
        assert done.returncode == 0, done.stdout + done.stderr
        config = files_desk(own_desk.config)
        postgres.start(state_folder(config) / "postgres", config)
        with connect("desk_reader", config) as connection:
            scores = {
                row["internal_symbol"]: row["score"]
                for row in connection.execute("select internal_symbol, score from desk.signals_ranked")
            }
        (ticket,) = [body for body in own_desk.tickets().values() if body["as_of_date"] == as_of]
        return ticket, scores

    return planned


@pytest.fixture(scope="module")
def served(own_desk):
    """What a running desk has ready for `make run`: Postgres, dbt's server. The first tests have neither."""
    with run_once.at_work(files_desk(own_desk.config)):
        yield


def check_lines(ticket, scores, expected):
    """Compare every line of a ticket with its hand-checked figures."""
    assert ticket["kind"] == "TRADE", ticket["reasons"]
    assert [(line["internal_symbol"], line["side"], line["value_gbp"]) for line in ticket["lines"]] == [
        (symbol, "BUY", value) for symbol, value, _, _ in expected
    ]
    for line, (symbol, value, close, momentum) in zip(ticket["lines"], expected, strict=True):
        assert abs(Decimal(line["reference_price_usd"]) - Decimal(close)) <= Decimal("0.005"), symbol
        assert float(scores[symbol]) == pytest.approx(momentum, rel=1e-4), symbol
        units = Decimal(value) * Decimal(line["gbpusd_rate"]) / Decimal(close)
        assert Decimal(line["units_estimate"]) == pytest.approx(units, rel=Decimal("0.0001")), symbol


def test_yahoo_split_adjusted_files_give_the_hand_checked_ticket(plan):
    """Fifteen stocks, SPY as benchmark, as of Friday 12 June 2026, executed the Monday after."""
    ticket, scores = plan("yahoo_split_adj_2026-06", "2026-06-12")
    check_lines(ticket, scores, YAHOO)
    assert ticket["window"]["open"]["at"].startswith("2026-06-15T13:45")
    # The European Central Bank's reference rate of that Friday.
    assert {line["gbpusd_rate"] for line in ticket["lines"]} == {"1.340247"}


def test_a_broken_step_ends_in_a_no_trade_that_names_it(own_desk, real_files):
    """With dbt gone, and no server of it, nothing can be judged: a NO-TRADE that names build_prices."""
    before = own_desk.tickets()
    done = own_desk.run(
        "trading_ops_stack.plan_files",
        real_files / "yahoo_split_adj_2026-06",
        "--as-of",
        "2026-06-05",
        TRADING_OPS_DBT="/bin/false",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (ticket,) = [body for name, body in own_desk.tickets().items() if name not in before]
    assert ticket["kind"] == "NO-TRADE"
    assert "build_prices" in str(ticket["reasons"])


def test_alpha_vantage_raw_files_give_the_hand_checked_ticket(served, plan):
    """
    Ninety-five stocks as traded with their splits and dividends; no index is among them, so one is named.
    """
    ticket, scores = plan("av_sp500_daily_adjusted/daily_adjusted", "2021-04-20", "--benchmark", "JNJ")
    check_lines(ticket, scores, ALPHA_VANTAGE)
    assert len(scores) >= 90


def test_a_set_without_its_benchmark_is_refused_with_the_choice(served, own_desk, real_files):
    """The desk does not pick a benchmark on its own."""
    done = own_desk.run("trading_ops_stack.plan_files", real_files / "av_sp500_daily_adjusted/daily_adjusted")
    assert done.returncode == 1
    assert "'SPY' is not among the symbols; name one of AAPL" in done.stderr


@pytest.mark.parametrize(
    ("folder", "as_of", "benchmark"),
    [
        # The newest bars of the zip; what eToro would trade on them is for the gates to say.
        ("stooq_bulk_vintages/dev_d_us_txt_2024-10-29_nasdaq.zip", None, "AAPL"),
        ("stooq_csv_endpoint/2026-06-26__aapl_us_d.csv", None, "AAPL"),
    ],
    ids=["bulk zip", "one csv"],
)
def test_stooq_files_end_in_exactly_one_ticket(served, own_desk, real_files, folder, as_of, benchmark):
    """Whatever the files are good for, the run ends in one ticket that says so."""
    before = own_desk.tickets()
    done = own_desk.run(
        "trading_ops_stack.plan_files",
        real_files / folder,
        *(["--as-of", as_of] if as_of else []),
        "--benchmark",
        benchmark,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (ticket,) = [body for name, body in own_desk.tickets().items() if name not in before]
    assert ticket["kind"] == "TRADE" or all(reason["fix"] for reason in ticket["reasons"])


def test_a_folder_of_anything_else_is_told_file_by_file(served, own_desk, real_files, tmp_path):
    """What vendors send when they refuse is left alone, or refused by its name; nothing is planned."""
    before = own_desk.tickets()
    bodies = shutil.copytree(real_files / "http_error_bodies", tmp_path / "bodies")
    shutil.copy(bodies / "stooq_200_no_data.txt", bodies / "aapl_us_d.csv")
    done = own_desk.run("trading_ops_stack.plan_files", bodies)
    assert done.returncode == 1
    assert "no file of" in done.stderr and "aapl_us_d.csv, line 1" in done.stderr
    assert "left alone, no vendor file: stooq_200_no_data.txt (file" in done.stderr
    assert own_desk.tickets() == before


def test_a_malformed_policy_is_named_before_anything_is_loaded(own_desk, real_files, tmp_path):
    """File, line, field and the accepted form, at the shell and not in a task's log."""
    policy = (PROJECT_ROOT / "config/policy.yml").read_text()
    (tmp_path / "policy.yml").write_text(policy.replace("positions_count: 15", "positions_count: many"))
    bars = real_files / "yahoo_split_adj_2026-06"
    for module, *arguments in (("trading_ops_stack.plan_files", bars), ("trading_ops_stack.stack", "up")):
        done = own_desk.run(module, *arguments, TRADING_OPS_POLICY=str(tmp_path / "policy.yml"))
        assert done.returncode == 1
        line = policy.splitlines().index("  positions_count: 15") + 1
        assert f"policy.yml:{line}" in done.stderr and "sizing.positions_count" in done.stderr, done.stderr


def test_a_day_that_is_no_session_is_refused_with_the_one_before(own_desk, real_files):
    """A Saturday as as-of names the Friday."""
    done = own_desk.run(
        "trading_ops_stack.plan_files", real_files / "yahoo_split_adj_2026-06", "--as-of", "2026-06-13"
    )
    assert done.returncode == 1
    assert "2026-06-12" in done.stderr


@pytest.mark.parametrize("as_of", ["20260612", "2026-W24-5", "1890-01-02", "2041-01-02", "latest"])
def test_a_day_written_otherwise_or_outside_the_calendar_is_refused_before_anything_is_loaded(
    own_desk, real_files, as_of
):
    """Two of these Python reads as dates, and two ended in a traceback."""
    bars = real_files / "yahoo_split_adj_2026-06"
    done = own_desk.run("trading_ops_stack.plan_files", bars, "--as-of", as_of)
    assert done.returncode == 1
    assert done.stderr.startswith(f"make run: ASOF={as_of} is ") and "Traceback" not in done.stderr


def test_a_day_before_every_bar_is_refused(served, own_desk, real_files):
    """Nothing is known of it, so there is nothing to plan on."""
    bars = real_files / "stooq_csv_endpoint/2026-06-26__aapl_us_d.csv"
    done = own_desk.run("trading_ops_stack.plan_files", bars, "--as-of", "1970-01-02", "--benchmark", "AAPL")
    assert done.returncode == 1 and "is before the oldest bar in the files (198" in done.stderr
