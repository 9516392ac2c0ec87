"""A build that did nothing, or was for nobody, must block; dbt's exit code is not what decides."""

from tests.dbt import small_desk
from tests.dbt.small_desk import RUN_ID


def test_a_mistyped_selector_blocks_every_gate(desk, tmp_path):
    """dbt finds nothing to do; the database finds no verdict."""
    small_desk.fill(desk)
    small_desk.run_dbt(desk, tmp_path, "build", "--select", "path:models/gatez", run_id=RUN_ID)
    for gate in ("data_quality", "confirmation", "reconciliation", "risk"):
        status, checks = small_desk.judge(desk, RUN_ID, gate)
        assert status == "FAIL"
        assert {check["reason"] for check in checks.values()} == {"no verdict was computed for this run"}


def test_a_build_without_a_run_is_empty_and_red(desk, tmp_path):
    """Nothing is published, no verdict is written, and the tests go red instead of passing over nothing."""
    small_desk.fill(desk)
    done = small_desk.run_dbt(desk, tmp_path, "build", "--exclude-resource-type", "unit_test")
    assert done.returncode == 1
    assert "has_rows_int_market__prices_candidate" in done.stdout
    assert "assert_every_verdict_is_clear" in done.stdout
    assert small_desk.rows(desk, "select * from gates.gate_verdicts") == []
    status, checks = small_desk.judge(desk, RUN_ID, "risk")
    assert status == "FAIL"
    assert not any(check["is_clear"] for check in checks.values())
