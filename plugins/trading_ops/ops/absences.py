"""
Absences people planned, as the mail of a ticket and the daily report tell them.
"""

from contextlib import suppress
from datetime import timedelta

import psycopg

from trading_ops.db import clock
from trading_ops.db.connect import queries
from trading_ops.exchange.clocks import LONDON
from trading_ops.exchange.sessions import CalendarError, execution_session

AHEAD = timedelta(days=14)


def coming_absences(connection: psycopg.Connection) -> tuple[str, ...]:
    """
    Return a line for each absence of the next days, and one for each session to which no ticket will lead.

    Those are the next two in which a plan is executed; nobody is away where one executor stays.
    """
    today = clock.now(connection).astimezone(LONDON).date()
    lines = [
        f"{row['person']} is away from {row['first_date']} to {row['last_date']}"
        for row in queries.operator.absences(connection)
        if row["first_date"] <= today + AHEAD
    ]
    # Beyond the last session the calendar knows there is nothing to be said.
    with suppress(CalendarError):
        session = today
        for _ in range(2):
            session = execution_session(session)
            if queries.plan.away_on(connection, day=session):
                lines.append(f"no TRADE is to be expected for {session}: nobody is there to execute it")
    return tuple(lines)
