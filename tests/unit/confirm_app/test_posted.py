"""A tick answers the question it stood beside, about the figure it was shown with, and nothing else."""

from confirm_app.forms.fields import Doubt, FieldError
from confirm_app.forms.posted import PostedForm

PRICE = Doubt("price", "The price of $104 is above the limit", "past-limit", "104 103")
VALUE = Doubt("value", "The value is far away", "beside-product", "6.25 104 560")
WRONG = FieldError("time", "The time is in the future")


def ticked(*doubts: Doubt, errors=(PRICE, VALUE)) -> PostedForm:
    """Return a form in which these doubts are ticked and `errors` were found."""
    return PostedForm({doubt.box: doubt.figure for doubt in doubts}, errors)


def test_a_tick_waives_its_own_doubt_alone():
    """The other one stays open, and only what was ticked is named in the log."""
    form = ticked(PRICE)
    assert form.waived == (PRICE,) and form.open_errors == (VALUE,)
    assert [doubt.as_json() for doubt in form.waived] == [{"doubt": "price-past-limit", "figure": "104 103"}]
    assert form.is_wrong("value") and not form.is_wrong("price")
    assert ticked(PRICE, VALUE).open_errors == ()


def test_a_doubt_about_another_figure_is_asked_again():
    """The same question, a typed digit later, is another one."""
    moved = Doubt("price", "The price of $1040 is above the limit", "past-limit", "1040 103")
    assert ticked(PRICE, errors=(moved,)).open_errors == (moved,)


def test_no_tick_waives_what_is_no_doubt():
    """Whatever a form carries."""
    form = PostedForm(
        {"doubt-time-": "", "time": "x", "doubt-time": "yes", "figures_checked": "yes"}, (WRONG,)
    )
    assert form.open_errors == (WRONG,)


def test_what_was_ticked_stays_ticked_when_something_else_is_refused():
    """Nobody answers the same question twice about the same figure."""
    form = ticked(PRICE, VALUE).refused(WRONG, key="new")
    assert form.open_errors == (WRONG,) and form.waived == (PRICE, VALUE)
    assert form.values["key"] == "new"
