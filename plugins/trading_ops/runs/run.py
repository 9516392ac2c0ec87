"""
A run as it was frozen: one row of desk.runs.
"""

from dataclasses import dataclass, fields
from datetime import date, datetime

import psycopg

from trading_ops.db.connect import queries


class RunError(Exception):
    """A run cannot be frozen or found; the message says why and how to go on."""


@dataclass(frozen=True)
class Run:
    """One row of desk.runs."""

    run_id: str
    portfolio_id: str
    kind: str
    idempotency_key: str
    as_of_date: date
    plan_week: str | None
    attempt_number: int
    data_snapshot_id: int
    policy_hash: str
    universe_hash: str
    calendar_hash: str
    config_hash: str
    git_commit: str
    is_dirty: bool
    signal_method: str
    image_digest: str | None
    model_version: str | None
    shadow_model_version: str | None
    window_open_at: datetime | None
    window_close_at: datetime | None
    deadline_at: datetime | None
    frozen_at: datetime


def load_run(connection: psycopg.Connection, run_id: str) -> Run:
    """Return a frozen run; raises RunError when there is none of that name."""
    row = queries.runs.run_by_id(connection, run_id=run_id)
    if row is None:
        raise RunError(f"run {run_id} does not exist")
    return run_of(row)


def run_of(row: dict) -> Run:
    return Run(**{field.name: row[field.name] for field in fields(Run)})
