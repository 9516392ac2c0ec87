"""
Which stocks a person found at the broker: a book of real money trades no other ones.

Whoever is signed in looks each up under its search name and ticks what it is; the newest word counts.
"""

import psycopg
from flask import Blueprint, flash, g, redirect, render_template, request, url_for

from confirm_app.database import reading, write_once
from confirm_app.forms.figures import FigureError, parse_key
from confirm_app.one_time_key import new_key
from trading_ops.db.connect import queries

symbols = Blueprint("symbols", __name__)
_ANSWERS = {"found": True, "not_offered": False}


@symbols.get("/symbols")
def show():
    """The stocks to look up, then those that are verified."""
    return _page()


@symbols.post("/symbols")
def record():
    """Record every answer that was given, or none of them."""
    answers = {
        name.removeprefix("answer-"): _ANSWERS[answer]
        for name, answer in request.form.items()
        if name.startswith("answer-") and answer in _ANSWERS
    }
    if not answers:
        return _page("Nothing was ticked, and nothing is recorded.", 422)
    try:
        key = parse_key(request.form.get("key", ""))
    except FigureError as error:
        return _page(f"Nothing is recorded: the one-time key {error}.", 422)

    def verify(connection: psycopg.Connection) -> None:
        for symbol, is_found in answers.items():
            queries.universe.verify_symbol(
                connection,
                symbol=symbol,
                search_name=request.form.get(f"name-{symbol}", ""),
                is_found=is_found,
                person=g.person["person_id"],
                key=f"{key}:{symbol}",
            )

    try:
        write_once(verify)
    except (psycopg.IntegrityError, psycopg.DataError) as refusal:
        return _page(f"Nothing is recorded: {refusal.diag.message_primary}.", 422)
    flash(f"Recorded: {sum(answers.values())} found, {len(answers) - sum(answers.values())} not offered.")
    return redirect(url_for("symbols.show"), code=303)


def _page(message: str = "", status: int = 200):
    stocks = list(queries.universe.verified_stocks(reading()))
    return render_template(
        "symbols.html",
        open=[stock for stock in stocks if not stock["is_verified"]],
        verified=[stock for stock in stocks if stock["is_verified"]],
        key=new_key(),
        message=message,
    ), status
