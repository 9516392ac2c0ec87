"""How a gate was judged, asked at a shell."""

from datetime import timedelta

from tests.conftest import at_a_shell
from tests.database import rows
from trading_ops.cli.main import main


def test_the_command_line_says_how_a_gate_was_judged(desk, monkeypatch, capsys):
    """The newest run's, every check, the cause with its fix, an exit code, and a report to keep."""
    at_a_shell(monkeypatch, desk)
    rows.set_clock(desk, rows.SATURDAY_AT)
    assert main(["data-quality"]) == 1
    assert capsys.readouterr().out == "DATA_QUALITY_UNKNOWN: no run was judged yet\n"
    plan = rows.add_plan_run(desk)
    rows.pass_gate(desk, plan, "data_quality")
    assert main(["data-quality"]) == 0
    assert capsys.readouterr().out.startswith(f"DATA_QUALITY_PASS: the plan run {plan}, data of 2026-06-12\n")
    rows.set_clock(desk, rows.SATURDAY_AT + timedelta(minutes=1))
    rows.fail_gate(
        desk, rows.add_run(desk, kind="daily"), "data_quality", "coverage", "9 are missing.", "Load."
    )
    assert main(["data-quality"]) == 1
    said = capsys.readouterr().out
    assert said.startswith("DATA_QUALITY_FAIL: the daily run ") and "BLOCKS  coverage" in said
    assert "coverage: 9 are missing. Smallest fix: Load." in said
    report = desk.data / "reports/data_quality_2026-06-12.md"
    assert said.endswith(f"written to {report}\n")
    assert report.read_text().startswith("# DATA_QUALITY_FAIL: the daily run ")
    assert "\n- coverage: 9 are missing. Smallest fix: Load.\n" in report.read_text()
    rows.fail_gate(desk, plan, "risk", "daily_loss", "7 % were lost.", "Wait.")
    assert main(["riskguard"]) == 1
    assert "RISK_FAIL: the plan run" in capsys.readouterr().out
