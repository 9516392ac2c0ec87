"""Write, audit, publish: what fails its audit is never published, and what was published stays."""

import re

from tests.dbt import small_desk
from tests.dbt.small_desk import LATER_RUN_ID, RUN_ID, SESSIONS
from trading_ops.db.connect import connect


def published(desk) -> dict[str, int]:
    """Return how many prices are published, by the run they were published for."""
    found = small_desk.rows(
        desk,
        "select run_id, count(*) as n from marts.market_prices_eod"
        " inner join marts.price_publications using (internal_symbol) group by run_id",
    )
    return {row["run_id"]: row["n"] for row in found}


def test_a_bad_bar_never_reaches_the_published_prices(desk, tmp_path):
    """
    A print ten times too high turns the build red, leaves Friday's publication as it was, and is
    named by the gate; a build for no run at all publishes nothing either.
    """
    small_desk.fill(desk)
    good = small_desk.run_dbt(desk, tmp_path, "build", "--selector", "prices", run_id=RUN_ID)
    assert good.returncode == 0, good.stdout[-3000:]
    assert published(desk) == {RUN_ID: 9}

    load_id = small_desk.add_bars(desk, [("ALDR", SESSIONS[-1], 1020)])
    small_desk.add_run_of_everything(desk, LATER_RUN_ID, load_id)
    bad = small_desk.run_dbt(desk, tmp_path, "build", "--selector", "prices", run_id=LATER_RUN_ID)
    assert bad.returncode == 1
    assert published(desk) == {RUN_ID: 9}
    highest = small_desk.rows(
        desk,
        "select max(as_traded_high_usd) as high from marts.market_prices_eod where internal_symbol = 'ALDR'",
    )
    assert highest == [{"high": 102}]
    references = small_desk.rows(desk, "select internal_symbol from marts.reference_prices order by 1")
    assert [row["internal_symbol"] for row in references] == ["BRCH", "SIMX"]

    for selector in ("book", "gates"):
        done = small_desk.run_dbt(desk, tmp_path, "build", "--selector", selector, run_id=LATER_RUN_ID)
        assert done.returncode == 0, done.stdout[-3000:]
    status, checks = small_desk.judge(desk, LATER_RUN_ID, "data_quality")
    assert status == "FAIL"
    assert [name for name, check in checks.items() if not check["is_clear"]] == ["jumps_explained"]
    assert "ALDR on 2026-06-12 (909.9 %)" in checks["jumps_explained"]["reason"]

    nobody = small_desk.run_dbt(desk, tmp_path, "build", "--selector", "prices")
    assert nobody.returncode == 1
    assert published(desk) == {RUN_ID: 9}


def test_prices_that_were_not_written_as_they_were_audited_are_seen_and_made_up_for(desk, tmp_path):
    """
    Something between audit and table adds a cent: the build is red and the state is held back, so
    the next one goes on from nothing and computes every history again.
    """
    small_desk.fill(desk)
    prices = "build", "--selector", "prices"
    good = small_desk.run_dbt(desk, tmp_path, *prices, run_id=RUN_ID)
    assert good.returncode == 0, good.stdout[-3000:]
    query = "select * from marts.market_prices_eod order by internal_symbol, session_date"
    whole = small_desk.rows(desk, query)

    with connect("desk_dbt", desk) as connection:
        connection.execute(
            """
            create function intermediate.add_a_cent() returns trigger language plpgsql as $$
            begin
                new.adj_close_usd := new.adj_close_usd + 0.01;
                return new;
            end
            $$;
            create trigger add_a_cent before insert on marts.market_prices_eod
            for each row execute function intermediate.add_a_cent()
            """
        )
    bad = small_desk.run_dbt(desk, tmp_path, *prices, run_id=RUN_ID)
    assert bad.returncode == 1
    assert re.search(r"FAIL \d+ assert_published_prices_are_whole", bad.stdout), bad.stdout[-3000:]
    assert published(desk) == {}

    with connect("desk_dbt", desk) as connection:
        connection.execute("drop trigger add_a_cent on marts.market_prices_eod")
    mended = small_desk.run_dbt(desk, tmp_path, *prices, run_id=RUN_ID)
    assert mended.returncode == 0, mended.stdout[-3000:]
    assert published(desk) == {RUN_ID: 9}
    assert small_desk.rows(desk, query) == whole
