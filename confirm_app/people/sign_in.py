"""
Signing in and out. A wrong name and a wrong password look and last alike.

Guessing is braked by desk.admit_sign_in; whoever has to wait is told how long at once, so no worker waits.
"""

from datetime import timedelta

from flask import Blueprint, g, redirect, render_template, request, session, url_for

from confirm_app.database import desk_settings, reading, stop_reading, write_once
from confirm_app.people.access import begin_session, local_path
from confirm_app.people.accounts import Busy, check_password, find_person
from confirm_app.people.addresses import client_address, network_of
from confirm_app.people.known_device import device_of, remember_device
from trading_ops.db.connect import queries
from trading_ops.wording.instants import duration

sign_in = Blueprint("sign_in", __name__)


@sign_in.get("/sign-in")
def show():
    """The sign-in form; somebody already signed in goes on."""
    goes_to = local_path(request.args.get("next", "/"))
    if g.person:
        return redirect(goes_to, code=303)
    return _form_page(goes_to)


@sign_in.post("/sign-in")
def enter():
    """Check the password, unless it is braked, and go where the person wanted to go."""
    # Postgres stores no NUL, so a name with one is nobody's.
    person_id = request.form.get("person", "").replace("\0", "?").strip().lower()[:100]
    goes_to = local_path(request.form.get("next", "/"))
    attempt = {"name": person_id, "network": _network(), "device": device_of(person_id)}
    # Sent a second time over a lost connection it counts twice: one guess fewer.
    wait_s = write_once(lambda connection: queries.page.admit_sign_in(connection, **attempt))
    if wait_s:
        message = f"Too many wrong passwords. Try again in {_wait(wait_s)}: until then none is looked at."
        return _form_page(goes_to, message, 429, {"Retry-After": str(wait_s)})
    person = find_person(reading(), person_id)
    # Who waits in line keeps no connection meanwhile: there are fewer of them than visitors.
    stop_reading()
    try:
        is_right = check_password(
            person, request.form.get("password", ""), is_known_device=attempt["device"] is not None
        )
    except Busy:
        return _form_page(
            goes_to, "Too many people sign in at this moment. Try again.", 503, {"Retry-After": "5"}
        )
    write_once(lambda connection: queries.page.settle_sign_in(connection, **attempt, is_right=is_right))
    if not is_right:
        return _form_page(goes_to, "Name or password is wrong. Both are case-sensitive except the name.", 401)
    begin_session(person)
    answer = redirect(goes_to, code=303)
    remember_device(answer, person_id)
    return answer


@sign_in.post("/sign-out")
def leave():
    """End the session."""
    session.clear()
    return redirect(url_for("sign_in.show"), code=303)


def _form_page(goes_to: str, message: str | None = None, status: int = 200, headers: dict | None = None):
    page = render_template("sign_in.html", goes_to=goes_to, message=message)
    return page, status, headers or {}


def _network() -> str:
    forwarded = ",".join(request.headers.getlist("X-Forwarded-For"))
    return network_of(client_address(request.remote_addr, forwarded, desk_settings().trusted_networks))


def _wait(wait_s: int) -> str:
    return f"{wait_s} s" if wait_s < 60 else duration(timedelta(minutes=-(-wait_s // 60)))
