"""
Who is asking, decided before every request.

Everything but signing in, the health answer and the style sheet needs a session of a person the
database knows with that password; the role is read anew each time, so a change counts at once.
"""

import re

from flask import Blueprint, abort, g, redirect, request, session, url_for

from confirm_app.answers import NO_BROWSER
from confirm_app.database import reading
from confirm_app.people.accounts import credential, find_person, is_current

_OPEN = ("sign_in.show", "sign_in.enter", "health.show", "static")

access = Blueprint("access", __name__)


@access.before_app_request
def require_person():
    """Put the signed-in person into g.person, or send the visitor to the sign-in page."""
    g.person = None
    if isinstance(request.routing_exception, NO_BROWSER):
        raise request.routing_exception
    if request.endpoint in ("health.show", "static"):
        return None
    if "person_id" in session:
        person = find_person(reading(), session["person_id"])
        if is_current(person, session.get("credential", "")):
            g.person = person
        else:
            session.clear()
    if g.person is None and request.endpoint not in _OPEN:
        # Only a page can be returned to; a form that was sent is not sent again behind one's back.
        came_from = (
            request.full_path.rstrip("?")
            if request.method in ("GET", "HEAD")
            else request.form.get("page", "/")
        )
        return redirect(url_for("sign_in.show", next=local_path(came_from)), code=303)
    return None


def begin_session(person: dict) -> None:
    """Start a fresh session for a person who proved the password."""
    session.clear()
    session.permanent = True
    session["person_id"] = person["person_id"]
    session["credential"] = credential(person)


def require_operator() -> None:
    """Refuse everybody but operators."""
    if g.person["role"] != "operator":
        abort(403, "Only the operator may do this. Ask the operator, or sign in as one.")


def local_path(text: str) -> str:
    """Return text if it is a path of this site, else '/', so no link leads a person elsewhere."""
    is_local = re.fullmatch(r"/(?![/\\])[A-Za-z0-9_./?=&%~-]*", text) and len(text) <= 300
    return text if is_local else "/"
