"""A person decides which model may rank, on evidence that is listed, enough for the policy, and kept."""

from datetime import timedelta

import psycopg
import pytest

from tests.conftest import at_a_shell
from tests.database import rows
from tests.database.planning import policy_of
from tests.database.trained import add_model, set_state, write_scores
from trading_ops.cli.main import main
from trading_ops.db.connect import connect, queries
from trading_ops.models.registry import TRADED, WATCHED, model_of_run, store_scores
from trading_ops.runs.run import load_run

POLICY = policy_of()
WHO = ("--person", "operator", "--reason", "four good weeks")
COMPARED = """
create table marts.signals_compared (
    run_id text, ranking_run_id text, method text, is_traded_on boolean, model_version text, as_of_date date,
    same_top_count bigint, top_count numeric, rank_correlation numeric, realised_count bigint, hit_ratio numeric,
    rank_ic numeric, top_return_ratio numeric
);
grant select on marts.signals_compared to desk_reader;
"""


@pytest.fixture
def models(desk, monkeypatch):
    """The desk on its Saturday morning, with the verbs working on it."""
    at_a_shell(monkeypatch, desk)
    rows.set_clock(desk, rows.SATURDAY_AT)
    return desk


def score_weeks(desk, version: str, count: int, weeks: int = 0, live: str | None = None) -> list[str]:
    """Store a watched model's scores in so many weeks, beside momentum or a LIVE model; return the runs."""
    traded = {"signal_method": "qlib", "model_version": live} if live else {}
    runs = []
    for week in range(weeks, weeks + count):
        run_id = rows.add_plan_run(desk, weeks=week, shadow_model_version=version, **traded)
        store_week(desk, run_id, week, version, WATCHED)
        runs.append(run_id)
    return runs


def store_week(desk, run_id: str, week: int, version: str, method: str) -> None:
    """Store what a model says about the run of a week."""
    as_of_date = rows.AS_OF_DATE + timedelta(weeks=week)
    parquet = write_scores(desk.data / f"{run_id}.parquet", version, as_of_date=as_of_date)
    with connect("desk_planner", desk) as connection:
        run = load_run(connection, run_id)
        model = model_of_run(connection, run, desk, method)
        store_scores(connection, run_id, parquet, model)


def in_shadow(desk, trees: str = "tree 1", attempt: int = 1) -> str:
    """A model in SHADOW, without a week of scores."""
    version = add_model(desk, trees, attempt)
    set_state(desk, version, "SHADOW")
    return version


def states(desk) -> dict[str, str]:
    """The state of every model."""
    with connect("desk_reader", desk) as connection:
        return {
            row["model_version"]: row["state"]
            for row in connection.execute("select model_version, state from desk.models")
        }


def test_a_model_with_its_weeks_is_promoted_and_the_evidence_is_kept(models, capsys):
    """The decision carries who, why, and what was known: weeks, age, backtest."""
    version = add_model(models)
    assert main(["model", "shadow", version[:8], *WHO]) == 0
    score_weeks(models, version, POLICY.model.shadow_weeks_min)
    assert main(["model", "promote", version[:8], *WHO]) == 0
    assert states(models) == {version: "LIVE"}
    out = capsys.readouterr().out
    assert "weeks     scores stored in 4" in out
    assert "backtest  sharpe 0.8" in out
    with connect("desk_reader", models) as connection:
        kept = connection.execute("select * from desk.model_states where state = 'LIVE'").fetchone()
    assert (kept["person"], kept["reason"]) == ("operator", "four good weeks")
    assert kept["evidence"]["shadow_weeks_count"] == 4
    assert kept["evidence"]["backtest_metrics"]["sharpe"] == 0.8
    assert kept["evidence"]["age_days"] == 1


def test_the_evidence_shows_each_week_beside_the_ranking_that_traded(models, capsys):
    """From what dbt compared; the last run of a week counts, and the rank ICs are averaged."""
    version = in_shadow(models)
    first, second = score_weeks(models, version, 2)
    with rows.superuser(models) as connection:
        connection.execute(COMPARED)
        for run_id, rank_ic in ((first, "0.04"), (second, "0.02")):
            connection.execute(
                "insert into marts.signals_compared values"
                " ('r', %(run)s, 'qlib_shadow', false, %(model)s, '2026-06-12', 9, 15, 0.31, 100, 0.55, %(ic)s, 0.012),"
                " ('r', %(run)s, 'momentum_12_1', true, null, '2026-06-12', 15, 15, 1, 100, 0.51, 0.01, 0.004)",
                {"run": run_id, "model": version, "ic": rank_ic},
            )
    assert main(["model", "show", version]) == 0
    out = capsys.readouterr().out
    assert "rank IC   0.030000 over 2 weeks" in out
    assert (
        "2026-W25  9 of the best 15 as in momentum_12_1, rank correlation 0.31, rank IC 0.04, hits 0.55, "
        "top 0.012 against 0.004"
    ) in out
    assert "missing   its scores were stored in 2 weeks, 4 needed" in out


def test_a_successor_gets_its_weeks_beside_the_live_model_and_takes_its_place(models, capsys):
    """It is compared with what was traded on, the LIVE model, which it then retires; trading never stops."""
    live = in_shadow(models)
    set_state(models, live, "LIVE")
    successor = in_shadow(models, "tree 2", attempt=2)
    first, *_ = score_weeks(models, successor, 4, live=live)
    with rows.superuser(models) as connection:
        connection.execute(COMPARED)
        connection.execute(
            "insert into marts.signals_compared values"
            " ('r', %(run)s, 'qlib_shadow', false, %(watched)s, '2026-06-12', 9, 15, 0.31, 100, 0.55, 0.04, 0.012),"
            " ('r', %(run)s, 'qlib', true, %(live)s, '2026-06-12', 15, 15, 1, 100, 0.51, 0.01, 0.004)",
            {"run": first, "watched": successor, "live": live},
        )
    assert main(["model", "promote", successor, *WHO]) == 0
    out = capsys.readouterr().out
    assert "weeks     scores stored in 4" in out
    assert f"9 of the best 15 as in qlib {live[:12]}, rank correlation 0.31" in out
    assert states(models) == {live: "RETIRED", successor: "LIVE"}
    with connect("desk_reader", models) as connection:
        kept = connection.execute(
            "select evidence from desk.model_states order by state_id desc limit 1"
        ).fetchone()["evidence"]
    (week,) = kept["weeks"]
    assert (week["traded_method"], week["traded_model_version"]) == ("qlib", live)
    assert (week["rank_ic"], week["traded_rank_ic"]) == ("0.04", "0.01")


def test_weeks_are_counted_by_the_model_that_scored_under_whichever_method(models):
    """Scores of before a run could watch a model stand under qlib; a week scored under both is one week."""
    version = in_shadow(models)
    for week in (0, 1):
        older = rows.add_plan_run(models, weeks=week, model_version=version)
        store_week(models, older, week, version, TRADED)
    again = rows.add_plan_run(models, weeks=1, attempt=2, shadow_model_version=version)
    store_week(models, again, 1, version, WATCHED)
    score_weeks(models, version, 1, weeks=2)
    # A run that was frozen with the model and that it never scored.
    rows.add_plan_run(models, weeks=3, shadow_model_version=version)
    with connect("desk_reader", models) as connection:
        assert queries.models.scored_weeks(connection, portfolio_id="demo", model_version=version) == 3


def test_too_few_weeks_are_no_evidence(models, capsys):
    """One week less than the policy asks for, and nothing changes."""
    version = in_shadow(models)
    score_weeks(models, version, POLICY.model.shadow_weeks_min - 1)
    assert main(["model", "promote", version, *WHO]) == 1
    assert "stored in 3 weeks, 4 needed (model.shadow_weeks_min)" in capsys.readouterr().err
    assert states(models) == {version: "SHADOW"}


def test_a_stale_model_is_not_promoted(models, capsys):
    """The gate would block it at once."""
    version = in_shadow(models)
    score_weeks(models, version, 4)
    rows.set_clock(models, rows.SATURDAY_AT + timedelta(days=POLICY.model.age_days_max))
    assert main(["model", "promote", version, *WHO]) == 1
    assert "121 days old, 120 allowed" in capsys.readouterr().err


def test_only_a_model_in_shadow_is_promoted(models, capsys):
    """A candidate has no weeks, a retired one comes back by rollback alone."""
    version = add_model(models)
    assert main(["model", "promote", version, *WHO]) == 1
    assert "is CANDIDATE, not in SHADOW" in capsys.readouterr().err


def promoted_twice(models) -> tuple[str, str]:
    """Two models, the second promoted in the place of the first."""
    first = in_shadow(models)
    score_weeks(models, first, 4)
    assert main(["model", "promote", first, *WHO]) == 0
    second = in_shadow(models, "tree 2", attempt=2)
    set_state(models, first, "RETIRED")
    set_state(models, second, "LIVE")
    return first, second


def test_a_promotion_retires_the_model_it_replaces(models, monkeypatch):
    """At every instant one model is LIVE; the old one says what replaced it."""
    first = in_shadow(models)
    score_weeks(models, first, 4)
    main(["model", "promote", first, *WHO])
    second = in_shadow(models, "tree 2", attempt=2)
    eager = policy_of({"shadow_weeks_min: 4": "shadow_weeks_min: 0"})
    monkeypatch.setattr("trading_ops.cli.models.read_policy", lambda config: eager)
    assert main(["model", "promote", second, *WHO]) == 0
    assert states(models) == {first: "RETIRED", second: "LIVE"}
    with connect("desk_reader", models) as connection:
        row = connection.execute("select * from desk.models where state = 'RETIRED'").fetchone()
    assert row["state_reason"] == f"replaced by {second[:12]}"


def test_a_rollback_brings_back_the_model_before(models, capsys):
    """In one step; its evidence names what it replaces."""
    first, second = promoted_twice(models)
    assert main(["model", "rollback", "--person", "operator", "--reason", "bad week"]) == 0
    assert states(models) == {first: "LIVE", second: "RETIRED"}
    with connect("desk_reader", models) as connection:
        row = connection.execute(
            "select evidence from desk.model_states order by state_id desc limit 1"
        ).fetchone()
    assert row["evidence"]["rolled_back_from"] == second


def test_a_rollback_after_a_retirement_brings_back_the_last_one(models):
    """Retired by mistake is not lost."""
    first, second = promoted_twice(models)
    assert main(["model", "retire", second, *WHO]) == 0
    assert main(["model", "rollback", *WHO]) == 0
    assert states(models) == {first: "RETIRED", second: "LIVE"}


def test_without_an_earlier_model_there_is_nothing_to_roll_back_to(models, capsys):
    """A candidate is no fallback."""
    in_shadow(models)
    assert main(["model", "rollback", *WHO]) == 1
    assert "no other model was LIVE before" in capsys.readouterr().err


def test_a_step_the_database_refuses_is_one_line(models, capsys):
    """No traceback, no change."""
    version = in_shadow(models)
    assert main(["model", "shadow", version, *WHO]) == 1
    assert f"model {version[:12]} is SHADOW: it cannot become SHADOW" in capsys.readouterr().err


@pytest.mark.parametrize("start", ["zzz", ""])
def test_a_name_must_mean_one_model(models, capsys, start):
    """None and two are both refused, and a name that is left empty even where there is but one."""
    for number in (1, 2):
        add_model(models, f"tree {number}", attempt=number)
        assert main(["model", "retire", start, *WHO]) == 1
    assert "models have a version that starts with" in capsys.readouterr().err


def test_a_decision_needs_a_name_and_a_reason(models, capsys):
    """A blank is neither."""
    version = add_model(models)
    assert main(["model", "shadow", version, "--person", " ", "--reason", "x"]) == 1
    assert "name of a person and a reason" in capsys.readouterr().err


def test_the_changelog_follows_every_decision(models, capsys):
    """What was made of what, and who decided what when; a bar in a reason does not break the table."""
    version = add_model(models)
    path = models.data / "qlib/MODEL_CHANGELOG.md"
    assert f"## {version[:12]} CANDIDATE" in path.read_text()
    main(["model", "shadow", version, "--person", "operator", "--reason", "looks | fine"])
    text = path.read_text()
    assert f"## {version[:12]} SHADOW" in text
    assert "| 2026-06-13 08:00 UTC | SHADOW | operator | looks \\| fine |" in text
    assert "- Train 2016-01-04 to 2023-12-29" in text
    assert "- Backtest: max_drawdown -0.12, sharpe 0.8" in text
    capsys.readouterr()
    assert main(["model", "changelog"]) == 0
    assert capsys.readouterr().out == text


def test_a_list_names_every_model_and_its_state(models, capsys):
    """An empty registry says so."""
    assert main(["model", "list"]) == 0
    assert "no model is registered yet" in capsys.readouterr().out
    version = add_model(models)
    main(["model", "list"])
    assert f"{version[:12]}  CANDIDATE  as of 2026-06-12" in capsys.readouterr().out


def test_a_reader_of_the_desk_cannot_decide(models):
    """Only the planner's role writes states."""
    version = add_model(models)
    with connect("desk_reader", models) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(
            "insert into desk.model_states (model_version, state, person, reason) values (%s, 'SHADOW', 'x', 'y')",
            (version,),
        )
