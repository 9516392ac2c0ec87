"""Write, audit, publish: what fails its audit is never published, and what was published stays."""

from tests.dbt import small_desk
from tests.dbt.small_desk import LATER_RUN_ID, RUN_ID, SESSIONS


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
