"""
Where the books and eToro differ, what may explain it, and what is to be expected: for operators.

Nothing is booked here: each explanation leads to the form that books it, filled in.
"""

from collections.abc import Mapping

from flask import Blueprint, flash, g, redirect, render_template, request, url_for

from confirm_app.account.record import NotRecorded, fresh_values, prefilled, record_once
from confirm_app.account.split_form import parse_split
from confirm_app.database import desk_settings, reading
from confirm_app.forms.posted import PostedForm
from confirm_app.people.access import require_operator
from trading_ops.db.connect import queries
from trading_ops.ledger.drift import CASH

cases = Blueprint("cases", __name__)
cases.before_request(require_operator)

_FORMS = {"event": "events.new", "cash": "cash.new", "split": "cases.splits", "snapshot": "snapshots.new"}


@cases.get("/cases")
def show():
    """Every difference of the newest snapshot with its explanations, and the dividends that are due."""
    portfolio_id = desk_settings().portfolio_id
    differences: dict[str, list[Mapping]] = {}
    for row in queries.page.drift_hypotheses(reading(), portfolio_id=portfolio_id):
        differences.setdefault(row["subject"], []).append({**row, "path": _path(row)})
    dividends = [
        {**row, "path": url_for("events.new", kind="dividend", symbol=row["symbol"])}
        for row in queries.page.expected_dividends(reading(), portfolio_id=portfolio_id)
    ]
    return render_template("cases.html", differences=differences, dividends=dividends, cash=CASH)


def _path(row: Mapping) -> str | None:
    """Return where an explanation is booked; None where there is none."""
    if row["form"] is None:
        return None
    if row["form"] == "line":
        ticket_id, line_number = row["fields"]["ticket_id"], row["fields"]["line_number"]
        return f"{url_for('tickets.show', ticket_id=ticket_id)}#line-{line_number}"
    return url_for(_FORMS[row["form"]], **row["fields"])


@cases.get("/splits")
def splits():
    """What is believed of the splits of holdings, and a form for an operator's word."""
    told = prefilled(("symbol", "ex_date", "new_shares", "old_shares"))
    return _splits_page(PostedForm(fresh_values(queries.clock.now_at(reading())) | told))


@cases.post("/splits")
def settle():
    """Record an operator's word on a split, or show the form again with everything that is wrong."""
    values = request.form.to_dict()
    settled, errors = parse_split(values)
    form = PostedForm(values, errors)
    if form.open_errors:
        return _splits_page(form, 422)
    sent = settled.request(desk_settings().portfolio_id, g.person["person_id"])
    try:
        record_once(
            lambda connection: queries.ledger.settle_split(connection, request=sent),
            form,
            field="symbol",
            send_again="to say something else",
        )
    except NotRecorded as refused:
        return _splits_page(refused.form, refused.status)
    flash("Recorded: the books follow at once.")
    return redirect(url_for("cases.splits"), code=303)


def _splits_page(form: PostedForm, status: int = 200):
    found = list(queries.ledger.splits(reading(), portfolio_id=desk_settings().portfolio_id))
    return render_template("splits.html", form=form, splits=found), status
