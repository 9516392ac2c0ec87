"""Whatever failed, in any order and in any mixture: it is a cause or follows from exactly one."""

from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.plan.findings import causes, failed
from trading_ops.plan.causes import FOLLOWS, NEEDED, STEPS, Saw
from trading_ops.plan.gates import GATES
from trading_ops.plan.reasons import Reason, fold, stored_reasons

# A step never observes anything, and neither does a check for which nothing was computed.
_STEPS = st.builds(failed, st.sampled_from([key for key in FOLLOWS if key.startswith("step.")]))
_CHECKS = st.sampled_from(
    [
        *(key for key in FOLLOWS if not key.startswith("step.")),
        *(f"{gate}.judged" for gate in GATES),
        "orders.trades_needed",
        "risk.unheard_of",
    ]
)
FINDINGS = st.lists(
    st.one_of(
        _STEPS,
        st.builds(failed, _CHECKS, st.sampled_from([None, 0, 1, -2])),
        st.builds(failed, _CHECKS, has_verdict=st.just(False)),
    ),
    unique_by=lambda finding: finding.reason.key,
)


@settings(max_examples=150, deadline=None)
@given(FINDINGS)
def test_every_failure_is_a_cause_or_follows_from_exactly_one(findings):
    """Nothing is lost, nothing told twice, and where anything failed there is a cause."""
    told = fold(findings)
    everything = [reason.key for cause in told for reason in (cause, *cause.follows)]
    assert sorted(everything) == sorted(finding.reason.key for finding in findings)
    assert all(reason.follows == () for cause in told for reason in cause.follows)
    assert bool(told) == bool(findings)


@settings(max_examples=150, deadline=None)
@given(FINDINGS)
def test_what_anybody_saw_is_never_folded(findings):
    """Only the riskguard's sum may follow with a figure, from one of those it adds up."""
    follows = {reason.key for cause in fold(findings) for reason in cause.follows}
    seen = {finding.reason.key for finding in findings if finding.saw is Saw.FIGURE and finding.has_verdict}
    assert not (seen & follows) - {"risk.riskguard_agrees"}
    none_there = {
        finding.reason.key for finding in findings if finding.saw is Saw.NOTHING and finding.has_verdict
    }
    assert not (none_there & follows) - {"data_quality.coverage", "data_quality.benchmark_present"}


@settings(max_examples=50, deadline=None)
@given(FINDINGS, st.randoms())
def test_the_order_of_the_findings_changes_nothing(findings, random):
    """The same failures give the same ticket, byte for byte."""
    mixed = list(findings)
    random.shuffle(mixed)
    assert causes(*mixed) == causes(*findings)


def test_every_arrow_leads_to_a_row():
    """A renamed check would otherwise explain nothing from then on."""
    arrows = list(chain.from_iterable(FOLLOWS.values()))
    named = {arrow.cause for arrow in arrows} | {other for arrow in arrows for other, _ in arrow.where}
    assert named <= set(FOLLOWS)
    assert len(arrows) > 80


def test_a_cause_that_people_make_never_follows():
    """Open lines, a halt, an empty universe, no snapshot, nobody looked: no check explains them."""
    roots = {key for key, arrows in FOLLOWS.items() if not arrows}
    assert roots == {
        "step.wait_for_turn",
        "step.freeze_inputs",
        "step.decide",
        "data_quality.universe_not_empty",
        "confirmation.previous_ticket_confirmed",
        "reconciliation.snapshot_recent",
        "risk.clock_right",
        "risk.halt_released",
        "risk.symbols_verified",
        "risk.mail_reaches_people",
    }


def before(step: str) -> set[str]:
    """Return every step that one cannot do without."""
    return {each for needed in NEEDED[step] for each in (needed, *before(needed))}


@pytest.mark.parametrize("step", STEPS)
def test_a_step_follows_from_what_it_cannot_do_without_and_from_nothing_else(step):
    """A step that runs whatever came before it broke by itself, and so did one on another branch."""
    for other in STEPS:
        causes = {cause.check_name for cause in fold([failed(f"step.{step}"), failed(f"step.{other}")])}
        if other in before(step):
            assert causes == {other}
        elif step not in before(other):
            assert causes == {step, other}


@pytest.mark.parametrize(
    ("stored", "reason"),
    [
        ("because", Reason("", "", "because", "")),
        (
            {"gate": "risk", "check": "turnover", "reason": "40 %", "fix": "Sell less."},
            Reason("risk", "turnover", "40 %", "Sell less."),
        ),
        (
            {"source": "risk", "check_name": "turnover", "reason": "40 %", "fix": "Sell less."},
            Reason("risk", "turnover", "40 %", "Sell less."),
        ),
    ],
)
def test_what_earlier_versions_stored_is_still_read(stored, reason):
    """Tickets and decisions are kept for ever."""
    assert stored_reasons([stored]) == (reason,)


@settings(max_examples=50, deadline=None)
@given(FINDINGS)
def test_stored_reasons_come_back_as_they_were(findings):
    """With everything that follows."""
    told = fold(findings)
    assert stored_reasons(reason.as_json() for reason in told) == told
