"""The page's way out of a drawdown: seen by everybody, used by an operator alone."""

from datetime import timedelta

import pytest

from tests.confirm_app import desk_rows
from tests.database import judged, rows
from tests.database.test_drawdown_review import add_judged_plan

FORM = 'action="/halt/review"'


@pytest.fixture
def fallen(desk):
    """A desk 25 % below its peak, with people, and books that hold 10,000."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    desk_rows.add_people(desk)
    judged.add_cash(desk, "10000.00", rows.SATURDAY_AT - timedelta(days=20))
    add_judged_plan(desk)
    return desk


def test_an_operator_reviews_a_drawdown_on_the_page(fallen, visitor):
    """Refused until the books agree with a snapshot; then recorded, and the form is gone."""
    visitor.sign_in("operator")
    page = visitor.client.get("/halt").text
    assert "25.00 % below its peak" in page and FORM in page
    form = visitor.form_of("/halt", "/halt/review")
    refused = visitor.client.post("/halt/review", data=form | {"reason": "a bad quarter"})
    assert refused.status_code == 409 and "Not reviewed: a broker snapshot taken after" in refused.text
    empty = visitor.client.post("/halt/review", data=form | {"reason": " "})
    assert empty.status_code == 422
    rows.add_snapshot(fallen, rows.SATURDAY_AT)
    done = visitor.client.post("/halt/review", data=form | {"reason": "a bad quarter"})
    assert done.status_code == 303
    page = visitor.client.get("/halt").text
    assert FORM not in page and "The peak is counted anew" in page


def test_an_executor_sees_the_drawdown_and_reviews_nothing(fallen, visitor):
    """Not by the form, which is not there, nor without it."""
    rows.add_snapshot(fallen, rows.SATURDAY_AT)
    visitor.sign_in("executor")
    page = visitor.client.get("/halt").text
    assert "25.00 % below its peak" in page and FORM not in page
    form = visitor.form_of("/halt", "/halt/engage")
    assert visitor.client.post("/halt/review", data=form | {"reason": "fine"}).status_code == 403
    assert desk_rows.select(fallen, "select 1 from desk.drawdown_reviews") == []


def test_a_desk_within_its_limit_shows_no_review(desk, visitor):
    """There is nothing to review, and no form to do it in advance."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    desk_rows.add_people(desk)
    add_judged_plan(desk, "0.1")
    visitor.sign_in("operator")
    assert FORM not in visitor.client.get("/halt").text
