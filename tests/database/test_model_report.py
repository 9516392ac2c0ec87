"""The model report: two rankings in one chart, and nothing that was not computed is made up."""

import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from tests.conftest import at_a_shell
from tests.database import rows
from tests.database.trained import add_model, set_state, write_scores
from trading_ops.cli.main import main
from trading_ops.db.connect import connect
from trading_ops.models.registry import TRADED, WATCHED, model_of_run, store_scores
from trading_ops.runs.run import load_run


@pytest.fixture
def desk_verbs(desk, monkeypatch):
    """The desk on its Saturday morning, with the verbs working on it."""
    at_a_shell(monkeypatch, desk)
    rows.set_clock(desk, rows.SATURDAY_AT)
    return desk


def report(desk) -> tuple[str, str]:
    """Write the report by its verb; return the page and the Markdown."""
    assert main(["model", "report"]) == 0
    page = desk.data / "reports/models_2026-06-13.html"
    HTMLParser().feed(page.read_text())
    return page.read_text(), page.with_suffix(".md").read_text()


def test_an_empty_desk_says_that_there_is_nothing_yet(desk_verbs):
    """No model, no ranking, no build: three sentences and no chart."""
    page, text = report(desk_verbs)
    for said in (page, text):
        assert "There are no two ranked sessions yet." in said
        assert "No model is registered yet." in said
        assert "Nothing is built yet" in said
    assert "<svg" not in page


def score(desk, run_id: str, method: str, version: str, order: str, weeks: int) -> None:
    """Store what a model says about a run: these names, best first."""
    parquet = write_scores(
        desk.data / f"{run_id}.{method}.parquet",
        version,
        {symbol: 0.5 - place / 10 for place, symbol in enumerate(order.split())},
        as_of_date=rows.AS_OF_DATE + timedelta(weeks=weeks),
    )
    with connect("desk_planner", desk) as connection:
        model = model_of_run(connection, load_run(connection, run_id), desk, method)
        store_scores(connection, run_id, parquet, model)


def test_two_consecutive_runs_are_drawn_name_by_name(desk_verbs):
    """
    The watched model's rankings, beside which momentum is left out; its first week is of before it had a
    column.
    """
    version = add_model(desk_verbs)
    set_state(desk_verbs, version, "SHADOW")
    for weeks, order in enumerate(("ALDR BRCH", "CEDR ALDR BRCH")):
        column, method = (("model_version", TRADED), ("shadow_model_version", WATCHED))[weeks]
        run_id = rows.add_plan_run(desk_verbs, weeks=weeks, **{column: version})
        score(desk_verbs, run_id, method, version, order, weeks)
        with connect("desk_planner", desk_verbs) as connection:
            connection.execute(
                "insert into desk.signals_ranked (run_id, method, internal_symbol, signal_rank, score)"
                " values (%s, 'momentum_12_1', 'BRCH', 1, 1)",
                (run_id,),
            )
    page, text = report(desk_verbs)
    assert re.findall(r"<title>(\w+: .*)</title>", page) == [
        "CEDR: not ranked to 1",
        "ALDR: 1 to 2",
        "BRCH: 2 to 3",
    ]
    assert "| ALDR | 1 | 2 |" in text
    assert f"## qlib_shadow {version[:12]}, 2026-06-12 to 2026-06-19" in text
    assert f"| {version[:12]} | SHADOW | 2026-06-12 |" in text


def test_the_live_model_and_its_successor_are_both_drawn(desk_verbs):
    """One chart each, what is traded on first."""
    live, successor = add_model(desk_verbs), add_model(desk_verbs, "tree 2", attempt=2)
    for weeks, orders in enumerate((("ALDR BRCH", "BRCH ALDR"), ("BRCH ALDR", "BRCH CEDR"))):
        run_id = rows.add_plan_run(
            desk_verbs, weeks=weeks, signal_method="qlib", model_version=live, shadow_model_version=successor
        )
        score(desk_verbs, run_id, TRADED, live, orders[0], weeks)
        score(desk_verbs, run_id, WATCHED, successor, orders[1], weeks)
    page, text = report(desk_verbs)
    assert re.findall(r"<h2>From one run to the next <span>(.*),", page) == [
        f"qlib {live[:12]}",
        f"qlib_shadow {successor[:12]}",
    ]
    traded, watched = text.split(f"## qlib_shadow {successor[:12]}")
    assert "| ALDR | 1 | 2 |" in traded and "| CEDR | not ranked | 2 |" in watched


def test_each_week_shows_agreement_and_outcome(desk_verbs):
    """A week whose horizon has not passed reads unknown, never zero."""
    run_id = rows.add_plan_run(desk_verbs)
    with rows.superuser(desk_verbs) as connection:
        connection.execute(
            """
            create table marts.signals_compared as
            select 'r'::text as run_id, %s::text as ranking_run_id, 'qlib_shadow'::text as method, date '2026-06-12' as as_of_date,
                false as is_traded_on, repeat('a', 64) as model_version, 100::bigint as ranked_count,
                98::bigint as ranked_by_both_count, 15::numeric as top_count, 9::bigint as same_top_count,
                0.31::numeric as rank_correlation, 0::bigint as realised_count, null::numeric as hit_ratio,
                null::numeric as rank_ic, null::numeric as top_return_ratio, null::numeric as return_ratio
            """,
            (run_id,),
        )
        connection.execute("grant select on marts.signals_compared to desk_reader")
    _, text = report(desk_verbs)
    assert (
        "| 2026-W25 | qlib_shadow aaaaaaaaaaaa | 9 of 15 | 0.31 | unknown | unknown | unknown | unknown |"
        in text
    )
