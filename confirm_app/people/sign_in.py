"""Signing in and out. A wrong name and a wrong password look and last alike."""

from flask import Blueprint, current_app, g, redirect, render_template, request, session, url_for

from confirm_app.database import reading, write_once
from confirm_app.people.access import begin_session, local_path
from confirm_app.people.accounts import check_password, find_person
from trading_ops.db.connect import queries

sign_in = Blueprint("sign_in", __name__)


@sign_in.get("/sign-in")
def show():
    """The sign-in form; somebody already signed in goes on."""
    goes_to = local_path(request.args.get("next", "/"))
    if g.person:
        return redirect(goes_to, code=303)
    return render_template("sign_in.html", goes_to=goes_to, message=None, desk=None)


@sign_in.post("/sign-in")
def enter():
    """Check the password and go where the person wanted to go."""
    person_id = request.form.get("person", "").strip().lower()[:100]
    goes_to = local_path(request.form.get("next", "/"))
    brake = current_app.extensions["failure_brake"]
    if brake.is_pressed(person_id, request.remote_addr):
        return _refuse(goes_to, "Too many wrong passwords. Wait 15 minutes, then try again.", 429)
    person = find_person(reading(), person_id)
    if not check_password(person, request.form.get("password", "")):
        brake.note_failure(person_id, request.remote_addr)
        if person:
            _note(person_id, "sign_in_refused")
        return _refuse(goes_to, "Name or password is wrong. Both are case-sensitive except the name.", 401)
    brake.forget(person_id, request.remote_addr)
    begin_session(person)
    _note(person_id, "sign_in")
    return redirect(goes_to, code=303)


@sign_in.post("/sign-out")
def leave():
    """End the session."""
    session.clear()
    return redirect(url_for("sign_in.show"), code=303)


def _refuse(goes_to: str, message: str, status: int):
    return render_template("sign_in.html", goes_to=goes_to, message=message, desk=None), status


def _note(person_id: str, action: str) -> None:
    write_once(
        lambda connection: queries.page.note_access(
            connection, person=person_id, action=action, subject=person_id, detail="{}"
        )
    )
