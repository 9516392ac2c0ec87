"""
What the page answered, in the desk's log: who, which path, which code, and the run of the ticket it was on.

A stranger's requests are gunicorn's to note: nobody fills this log without an account. No field of a form and
no query of an address is in it.
"""

from flask import Flask, Response, g, got_request_exception, request

from confirm_app.database import desk_settings
from trading_ops import desk_log

COMPONENT = "confirm-page"


def register(app: Flask) -> None:
    """Let the app note each answer to a person, and whatever broke."""
    app.after_request(_note_answer)
    got_request_exception.connect(_note_exception, app)


def _note_answer(response: Response) -> Response:
    person = g.get("person")
    if person and request.endpoint != "static":
        said = f"{person['person_id']} {request.method} {request.path} {response.status_code}"
        level = "ERROR" if response.status_code >= 500 else "INFO"
        desk_log.write(desk_settings(), COMPONENT, said, g.get("run_id"), level)
    return response


def _note_exception(_app: Flask, exception: BaseException) -> None:
    if not g.get("person"):
        return
    # The type alone: a message of the database's may quote what somebody typed.
    said = f"{request.method} {request.path} broke: {type(exception).__name__}"
    desk_log.write(desk_settings(), COMPONENT, said, g.get("run_id"), "ERROR")
