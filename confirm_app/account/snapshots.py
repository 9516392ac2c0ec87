"""What the broker shows, typed in: the evidence the reconciliation gate compares the ledger with."""

from collections.abc import Mapping

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for

from confirm_app.account.comparison import Compared, gate_sentence
from confirm_app.account.paste_rows import with_pasted
from confirm_app.account.plausibility import LedgerBalances, doubt_snapshot
from confirm_app.account.record import (
    NotRecorded,
    fresh_values,
    instrument_names,
    is_recorded,
    ledger_at,
    record_once,
    symbol_of,
)
from confirm_app.account.rows import read_rows, with_holdings, with_more_rows
from confirm_app.account.snapshot_form import parse_snapshot
from confirm_app.database import desk_settings, reading
from confirm_app.forms.figures import exact
from confirm_app.forms.posted import PostedForm
from trading_ops.db.connect import queries
from trading_ops.tickets.owed_now import read_owed

snapshots = Blueprint("snapshots", __name__)
_OF_BOOKS = ("confirm", "snapshot", "reconcile")


@snapshots.get("/snapshots/new")
def new():
    """A form with a row for each holding of the books, its time set to now."""
    now_at = _now_at()
    return _form_page(PostedForm(fresh_values(now_at)), ledger_at(now_at))


@snapshots.post("/snapshots/new")
def record():
    """Record a snapshot, or show the form again: with more rows, a pasted table in them, or what is wrong."""
    values, now_at = request.form.to_dict(), _now_at()
    ledger = ledger_at(now_at)
    named = symbol_of(ledger)
    if values.get("intent") == "more_rows":
        return _form_page(PostedForm(with_more_rows(values)), ledger)
    if values.get("paste", "").strip():
        # Also when it was to be recorded: nobody has seen yet what the table says.
        form, told = with_pasted(with_holdings(values, ledger.units), named)
        return _form_page(form, ledger, 422 if form.errors else 200, told)
    snapshot, errors = parse_snapshot(values, now_at, named)
    if snapshot and not is_recorded(snapshot.idempotency_key):
        ledger = ledger_at(snapshot.taken_at)
        values = with_holdings(values, ledger.units)
        errors = doubt_snapshot(snapshot, read_rows(values), ledger, now_at)
    form = PostedForm(values, errors)
    if form.open_errors:
        return _form_page(form, ledger, 422)
    try:
        sent = snapshot.request(desk_settings().portfolio_id, g.person["person_id"], form.waived)
        snapshot_id = record_once(
            lambda connection: queries.ledger.record_snapshot(connection, request=sent),
            form,
            field="cash",
            send_again="to record these as a newer snapshot",
        )
    except NotRecorded as refused:
        return _form_page(refused.form, ledger, refused.status)
    flash("Snapshot recorded.")
    return redirect(url_for("snapshots.show", snapshot_id=snapshot_id), code=303)


@snapshots.get("/snapshots/<int:snapshot_id>")
def show(snapshot_id: int):
    """A recorded snapshot beside the ledger of its instant, and what the next plan's gate will say."""
    portfolio_id = desk_settings().portfolio_id
    # Larger than any identity column can count to.
    snapshot = snapshot_id < 2**63 and queries.page.snapshot(
        reading(), snapshot_id=snapshot_id, portfolio_id=portfolio_id
    )
    if not snapshot:
        abort(404, "There is no such snapshot.")
    found = queries.page.snapshot_compared(reading(), snapshot_id=snapshot_id, portfolio_id=portfolio_id)
    rows = [Compared(**row) for row in found]
    owed = [one for one in read_owed(reading(), portfolio_id) if one.step in _OF_BOOKS]
    return render_template(
        "snapshot.html",
        snapshot=snapshot,
        rows=rows,
        is_newest=snapshot["newest_snapshot_id"] == snapshot_id,
        sentence=gate_sentence(rows, owed),
        owed=owed,
        search_names=_search_names(),
    )


def _form_page(form: PostedForm, ledger: LedgerBalances, status: int = 200, told: tuple[str, ...] = ()):
    portfolio_id = desk_settings().portfolio_id
    values = with_holdings(form.values, ledger.units)
    form = PostedForm(values, form.errors)
    recent = list(queries.page.recent_snapshots(reading(), portfolio_id=portfolio_id))
    return render_template(
        "snapshot_form.html",
        form=form,
        rows=read_rows(values),
        held={symbol: exact(count) for symbol, count in ledger.units.items()},
        told=told,
        search_names=_search_names(),
        snapshots=recent,
    ), status


def _search_names() -> Mapping[str, str]:
    return {names.internal_symbol: names.etoro_search_name for names in instrument_names()}


def _now_at():
    return queries.clock.now_at(reading())
