"""What the broker shows, typed in: the evidence the reconciliation gate compares the ledger with."""

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for

from confirm_app.account.plausibility import doubt_snapshot
from confirm_app.account.record import NotRecorded, fresh_values, is_recorded, ledger_at, record_once
from confirm_app.account.snapshot_form import parse_snapshot
from confirm_app.database import desk_settings, reading
from confirm_app.forms.posted import PostedForm
from trading_ops.db.connect import queries

snapshots = Blueprint("snapshots", __name__)


@snapshots.get("/snapshots/new")
def new():
    """An empty snapshot form, its time set to now."""
    return _form_page(PostedForm(fresh_values(_now_at())))


@snapshots.post("/snapshots/new")
def record():
    """Record a snapshot, or show the form again with everything that is wrong."""
    values, now_at = request.form.to_dict(), _now_at()
    snapshot, errors = parse_snapshot(values, now_at)
    if snapshot and not is_recorded(snapshot.idempotency_key):
        errors = doubt_snapshot(snapshot, ledger_at(snapshot.taken_at), now_at)
    form = PostedForm(values, errors)
    if form.open_errors:
        return _form_page(form, 422)
    try:
        sent = snapshot.request(desk_settings().portfolio_id, g.person["person_id"], form.waived)
        snapshot_id = record_once(
            lambda connection: queries.ledger.record_snapshot(connection, request=sent),
            form,
            field="cash",
            send_again="to record these as a newer snapshot",
        )
    except NotRecorded as refused:
        return _form_page(refused.form, refused.status)
    flash("Snapshot recorded.")
    return redirect(url_for("snapshots.show", snapshot_id=snapshot_id), code=303)


@snapshots.get("/snapshots/<int:snapshot_id>")
def show(snapshot_id: int):
    """A recorded snapshot beside the ledger of now."""
    portfolio_id = desk_settings().portfolio_id
    # Larger than any identity column can count to.
    snapshot = snapshot_id < 2**63 and queries.page.snapshot(
        reading(), snapshot_id=snapshot_id, portfolio_id=portfolio_id
    )
    if not snapshot:
        abort(404, "There is no such snapshot.")
    positions = queries.page.snapshot_positions(reading(), snapshot_id=snapshot_id, portfolio_id=portfolio_id)
    return render_template("snapshot.html", snapshot=snapshot, positions=list(positions))


def _form_page(form: PostedForm, status: int = 200):
    portfolio_id = desk_settings().portfolio_id
    recent = list(queries.page.recent_snapshots(reading(), portfolio_id=portfolio_id))
    return render_template("snapshot_form.html", form=form, snapshots=recent), status


def _now_at():
    return queries.clock.now_at(reading())
