"""Is the page alive and does it reach its database? For monitors: no sign-in, no secrets, no details."""

import psycopg
from flask import Blueprint, current_app, jsonify

from confirm_app.database import desk_now, reading
from trading_ops.db.connect import queries

health = Blueprint("health", __name__)


@health.get("/health")
def show():
    """200 when the desk can be used, 503 when its database cannot be reached."""
    try:
        desk = desk_now()
        answer = {
            "database": "reachable",
            "now_at": desk["now_at"].isoformat(),
            "is_halted": desk["is_halted"],
            "revision": _revision(),
            "instance_id": desk["instance_id"],
        }
        return jsonify(answer)
    except psycopg.Error:
        current_app.logger.exception("the database cannot be used")
        return jsonify(
            {
                "database": "unreachable",
                "now_at": None,
                "is_halted": None,
                "revision": None,
                "instance_id": None,
            }
        ), 503


def _revision() -> str | None:
    try:
        return queries.page.schema_revision(reading())
    except psycopg.errors.InsufficientPrivilege:
        return None
