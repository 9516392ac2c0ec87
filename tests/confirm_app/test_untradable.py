"""What the broker does not offer: said with a tick on the page, and not planned again."""

from tests.database import rows
from trading_ops.db.connect import connect
from trading_ops.ops.auto_disable import disable_untradable
from trading_ops.universe.switches import disabled_symbols


def switched_off(desk) -> dict[str, str]:
    """Run the follow-up's step and return what is switched off then."""
    with connect("desk_planner", desk) as connection:
        disable_untradable(connection, desk)
        return disabled_symbols(connection)


def incidents(desk) -> list[tuple[str, str]]:
    """Return code and detail of all incidents."""
    with connect("desk_planner", desk) as connection:
        found = connection.execute("select code, detail from desk.incidents order by incident_id")
        return [(row["code"], row["detail"]) for row in found]


def test_a_stock_the_broker_does_not_offer_is_switched_off_once(executor, desk, ticket):
    """
    The reason names person, line and note; the operator has one incident with one mail, however often it
    runs.
    """
    executor.confirm(ticket, 3, "FAILED", untradable="yes", notes="only as a CFD")
    reason = (
        f"executor reported on line 3 of {ticket} that the broker does not offer the stock itself: "
        "only as a CFD"
    )
    assert switched_off(desk) == {"CEDR": reason}
    assert switched_off(desk) == {"CEDR": reason}
    assert incidents(desk) == [("UNTRADABLE_SYMBOL", f"CEDR: {reason}")]


def test_an_order_that_failed_for_another_reason_switches_nothing_off(executor, desk, ticket):
    """Refused for want of cash, the stock is as good as before."""
    executor.confirm(ticket, 3, "FAILED", notes="not enough cash")
    assert switched_off(desk) == {}
    assert incidents(desk) == []


def test_a_report_taken_back_in_time_switches_nothing_off(executor, desk, ticket):
    """The newest version of a line counts."""
    executor.confirm(ticket, 3, "FAILED", untradable="yes")
    executor.confirm(ticket, 3, "FAILED", amendment_reason="it was a typing error", untradable="")
    assert switched_off(desk) == {}


def test_a_symbol_switched_on_again_stays_on(executor, desk, ticket):
    """One report takes effect once."""
    executor.confirm(ticket, 3, "FAILED", untradable="yes")
    switched_off(desk)
    with connect("desk_planner", desk) as connection:
        connection.execute(
            "select desk.record_switch('CEDR', true, 'PERSON', 'found it', null, 'p1', 'operator')"
        )
    assert switched_off(desk) == {}


def test_a_line_that_was_executed_cannot_say_so(executor, desk, ticket):
    """Done and not offered exclude each other; nothing is recorded."""
    answer = executor.confirm(ticket, 3, "SKIPPED", untradable="yes")
    assert answer.status_code == 422
    assert "untick this, or choose Failed" in answer.text
    with connect("desk_planner", desk) as connection:
        assert connection.execute("select count(*) as n from desk.confirmations").fetchone()["n"] == 0


def test_the_form_sent_twice_reports_once(executor, desk, ticket):
    """A retry after a lost answer is the same report."""
    form = executor.line_form(ticket, 3)
    for _ in range(2):
        assert executor.confirm(ticket, 3, "FAILED", form, untradable="yes").status_code == 303
    assert list(switched_off(desk)) == ["CEDR"]
    with rows.superuser(desk) as connection:
        assert connection.execute("select count(*) as n from desk.untradable_reports").fetchone()["n"] == 1
