"""
The broker's account statement: looked at first, then kept. For operators.

Between the two the page holds the file itself, so nothing of it is stored before it is confirmed, and what is
kept is checked anew. It is far larger than a form, and only these two addresses take one.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping

import psycopg
from flask import Blueprint, flash, g, redirect, render_template, request, url_for

from confirm_app.database import desk_settings, reading, write_once
from confirm_app.people.access import require_operator
from trading_ops.db.connect import queries
from trading_ops.statements import report
from trading_ops.statements.record import check_file, import_file
from trading_ops.statements.refusal import StatementRefused
from trading_ops.wording.instants import utc_minute

# A real one of two years has 0.13 MB; the command line takes larger ones.
UPLOAD_BYTES_MAX = 4 * 1024 * 1024
_FORM_BYTES_MAX = UPLOAD_BYTES_MAX * 4 // 3 + 64 * 1024

statements = Blueprint("statements", __name__)
statements.before_request(require_operator)


def allow_upload() -> None:
    """Let an operator's form of a statement be as large as one, before anything reads it."""
    if request.blueprint == statements.name and g.get("person") and g.person["role"] == "operator":
        request.max_content_length = _FORM_BYTES_MAX
        request.max_form_memory_size = _FORM_BYTES_MAX


@statements.get("/statements")
def show():
    """Which statements are kept, what they prove, and what of them is not booked."""
    return _page()


@statements.post("/statements/check")
def check():
    """Say what a file holds and whether it agrees with itself; nothing is stored."""
    sent = request.files.get("statement")
    if sent is None or not sent.filename:
        return _page("No file was chosen. Nothing is stored.", 422)
    content = sent.read(UPLOAD_BYTES_MAX + 1)
    if len(content) > UPLOAD_BYTES_MAX:
        return _page(
            f"The file has more than {UPLOAD_BYTES_MAX} bytes: nothing is stored. At a shell, trading-ops statement"
            " import takes larger ones.",
            422,
        )
    try:
        checked = check_file(content)
    except StatementRefused as refusal:
        return _page(f"Nothing is stored. {refusal}.", 422)
    earlier = queries.statements.first(reading(), portfolio_id=desk_settings().portfolio_id)
    objection = report.objection(checked.statement, earlier)
    is_sound = not objection and not any(one.first_break for one in checked.taken)
    return render_template(
        "statement_check.html",
        told=list(report.told(checked.statement)),
        taken=list(zip(checked.taken, report.taken(checked.taken), strict=True)),
        objection=objection,
        content=base64.b64encode(content).decode() if is_sound else "",
        key=checked.sha256,
    ), 200 if is_sound else 422


@statements.post("/statements")
def keep():
    """Keep the file that was looked at."""
    try:
        content = base64.b64decode(request.form.get("content", ""), validate=True)
    except (binascii.Error, ValueError):
        content = b""
    if hashlib.sha256(content).hexdigest() != request.form.get("key"):
        return _page("That was not the file that was looked at. Nothing is stored: choose it again.", 422)
    portfolio_id, person = desk_settings().portfolio_id, g.person["person_id"]
    try:
        number = write_once(lambda connection: import_file(connection, portfolio_id, person, content))
    except StatementRefused as refusal:
        return _page(f"Nothing is stored. {refusal}.", 422)
    except psycopg.IntegrityError as refusal:
        return _page(f"Nothing is stored: {refusal.diag.message_primary}.", 422)
    flash(f"Statement {number} is kept.")
    return redirect(url_for("statements.show"), code=303)


def _form_for(row: Mapping, currency: str) -> str:
    """Return where a row that the book lacks is booked, with what the statement says of it filled in."""
    document = f"eToro's statement, {row['kind']} of {utc_minute(row['happened_at'])}"
    told = {"amount": str(abs(row["amount"]))} if currency == "GBP" else {}
    if row["kind"] in ("deposit", "withdrawal", "interest"):
        return url_for("cash.new", kind=row["kind"], notes=document, **told)
    symbol = row["paper"].partition("/")[0]
    if row["kind"] == "dividend":
        cash = {"cash": told["amount"]} if told else {"dollars": str(abs(row["amount"]))}
        return url_for("events.new", kind="dividend", symbol=symbol, document=document, **cash)
    if row["units"]:
        way = "units_in" if row["amount"] < 0 else "units_out"
        cash = {"cash": told["amount"]} if told else {}
        units = {way: f"{row['units'].normalize():f}"}
        return url_for("events.new", kind="trade", symbol=symbol, document=document, **units, **cash)
    if row["kind"] == "split":
        return url_for("cases.splits", symbol=symbol)
    return url_for("cash.new", kind="fee", notes=document, **told)


def _page(message: str = "", status: int = 200):
    portfolio_id = desk_settings().portfolio_id
    kept = list(queries.statements.kept(reading(), portfolio_id=portfolio_id))
    now_at = queries.clock.now_at(reading())
    return render_template(
        "statements.html",
        message=message,
        kept=kept,
        proofs=list(queries.statements.proofs(reading(), portfolio_id=portfolio_id)),
        disputed=[
            report.dispute(row, now_at)
            for row in queries.statements.disputed(reading(), portfolio_id=portfolio_id)
        ],
        unbooked=[
            (report.unbooked(row, kept[0]["currency"]), _form_for(row, kept[0]["currency"]))
            for row in queries.statements.unbooked(reading(), portfolio_id=portfolio_id)
        ],
    ), status
