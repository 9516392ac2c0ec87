"""What the models in use say of a day: a daily run is frozen with them, as a plan is."""

from tests.database import rows
from tests.database.published_prices import LAST, freeze_run, universe_of
from tests.database.trained import add_model, set_state
from trading_ops.db.connect import connect, queries
from trading_ops.runs.run import load_run

COMPARED = """
create table marts.signals_compared as
select 'r'::text as run_id, of_run.run_id as ranking_run_id, 'qlib_shadow'::text as method, %(day)s::date as as_of_date,
    false as is_traded_on, %(version)s::text as model_version, of_run.ranked_count, 3::bigint as top_count,
    3::bigint as same_top_count, 0.5 as rank_correlation, 3::bigint as realised_count, 0.6 as hit_ratio,
    0.1 as rank_ic, 0.1 as top_return_ratio, 0.0 as return_ratio
from (values (%(daily)s::text, 2::bigint), (%(plan)s::text, 3::bigint)) as of_run (run_id, ranked_count);
grant select on marts.signals_compared to desk_reader;
"""


def test_a_daily_run_is_frozen_with_the_models_in_use(desk):
    """As a plan is; a run that scores nothing is not."""
    version = add_model(desk, as_of_date=LAST)
    set_state(desk, version, "SHADOW")
    known = {}
    for kind in ("daily", "followup"):
        run_id = freeze_run(desk, universe_of(["AAA", "BBB"]), kind=kind)
        with connect("desk_planner", desk) as connection:
            run = load_run(connection, run_id)
        known[kind] = (run.model_version, run.shadow_model_version)
    assert known == {"daily": (None, version), "followup": (None, None)}


def test_the_weeks_that_are_compared_are_those_of_plans(desk):
    """A day's scores have no ticket beside them: neither the report nor an approval counts them as a week."""
    version = add_model(desk, as_of_date=LAST)
    set_state(desk, version, "SHADOW")
    daily = freeze_run(desk, universe_of(["AAA", "BBB"]))
    plan = freeze_run(desk, universe_of(["AAA", "BBB"]), kind="plan")
    with rows.superuser(desk) as connection, connection.transaction():
        for statement in COMPARED.split(";\n")[:-1]:
            connection.execute(statement, {"daily": daily, "plan": plan, "version": version, "day": LAST})
    with connect("desk_reader", desk) as connection:
        weeks = list(queries.models.compared_weeks(connection, portfolio_id=desk.portfolio_id))
        judged = list(
            queries.models.model_comparisons(connection, portfolio_id="demo", model_version=version)
        )
    assert [week["ranked_count"] for week in weeks] == [3]
    assert [week["plan_week"] for week in judged] == [week["plan_week"] for week in weeks] != [None]
