"""
A device that signed in before, known by a signed cookie.

It opens nothing: it only keeps the failures of strangers from making this person wait on this device.
"""

import secrets

from flask import Response, current_app, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

# Browsers keep no cookie longer.
_AGE_MAX_S = 400 * 24 * 3600
_PEOPLE_MAX = 5


def device_of(person_id: str) -> str | None:
    """Return the number of this device if the person has signed in on it, else None."""
    device = _read()
    return device["id"] if person_id in device["people"] else None


def remember_device(answer: Response, person_id: str) -> None:
    """Let the answer make this device one that the person has signed in on."""
    device = _read()
    people = [person_id, *(other for other in device["people"] if other != person_id)][:_PEOPLE_MAX]
    answer.set_cookie(
        _cookie_name(),
        _signer().dumps(device | {"people": people}),
        max_age=_AGE_MAX_S,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )


def _read() -> dict:
    try:
        return _signer().loads(request.cookies.get(_cookie_name(), ""), max_age=_AGE_MAX_S)
    except BadSignature:
        return {"id": secrets.token_urlsafe(18), "people": []}


def _cookie_name() -> str:
    return f"{current_app.config['SESSION_COOKIE_NAME']}_device"


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.secret_key, salt="known device")
