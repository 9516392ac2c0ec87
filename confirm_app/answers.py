"""Every answer's headers, and the pages for what went wrong: what happened, and what to do now."""

import json

import psycopg
from flask import Flask, Response, current_app, g, render_template, request
from flask_wtf.csrf import CSRFError
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import BadHost, HTTPException, SecurityError

from confirm_app.database import desk_now, desk_settings, stop_reading, write_once
from trading_ops.db.connect import queries

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
# What is wrong with a request before it names a page.
NO_BROWSER = (BadHost, SecurityError, ParseException)
_MEANINGS = {
    404: "There is no such page.",
    405: "This address cannot be used like this.",
    413: "That was far more than the form holds. Nothing was recorded.",
    500: "Something is broken on our side. If you sent a form, look at the ticket to see whether it counts.",
}


def register(app: Flask) -> None:
    """Attach headers, error pages and what every page says to the app."""
    app.after_request(_add_headers)
    app.context_processor(_said_everywhere)
    app.register_error_handler(CSRFError, _answer_forged_form)
    app.register_error_handler(psycopg.OperationalError, _answer_lost_database)
    app.register_error_handler(HTTPException, _answer_error)
    for odd in NO_BROWSER:
        app.register_error_handler(odd, _answer_no_browser)


def _add_headers(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers[name] = value
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    if current_app.config["SESSION_COOKIE_SECURE"]:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    return response


def _said_everywhere() -> dict:
    """Return which desk this is and whether it is halted, for the sign-in and the error pages, too."""
    try:
        desk = desk_now()
    except psycopg.Error:
        # The transaction may be a broken one, or the database gone: then the page says what it can.
        stop_reading()
        desk = None
    return {"desk": desk, "portfolio_id": desk_settings().portfolio_id}


def _answer_error(error: HTTPException):
    if error.code is None or error.code < 400:
        return error
    is_ours = error.description and error.description != type(error).description
    meaning = error.description if is_ours else _MEANINGS.get(error.code, "This could not be done.")
    return render_template("error.html", code=error.code, meaning=meaning, resend=None), error.code


def _answer_no_browser(_error: Exception):
    # No page: nothing can be linked from a host that is none.
    return "No browser sends such a request.\n", 400, {"Content-Type": "text/plain; charset=utf-8"}


def _answer_forged_form(error: CSRFError):
    # Only of a signed-in person: strangers must not be able to fill the log.
    if g.get("person"):
        detail = json.dumps({"path": request.path[:300], "reason": error.description})
        write_once(
            lambda connection: queries.page.note_access(
                connection, person=g.person["person_id"], action="form_refused", subject="csrf", detail=detail
            )
        )
    meaning = (
        "This form did not come from a page of this session. Nothing was recorded. "
        "Open the page again and send it from there."
    )
    return render_template("error.html", code=400, meaning=meaning, resend=None), 400


def _answer_lost_database(error: psycopg.OperationalError):
    current_app.logger.error("the database cannot be reached: %s", error)
    meaning = "The desk cannot reach its database right now. Wait a minute and try again."
    resend = None
    if request.method == "POST" and "key" in request.form:
        meaning = (
            "The desk lost its database before it could answer, "
            "so nobody knows yet whether your form was recorded."
        )
        resend = [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]
    return render_template("error.html", code=503, meaning=meaning, resend=resend), 503
