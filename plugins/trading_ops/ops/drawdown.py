"""
The drawdown review: the one exit of a book that lost more than its limit.

After persons have looked, the peak is counted anew from the session of the plan that found the loss.
Postgres asks for an operator, a reason, a newest plan beyond its limit, and books that agree with a
broker snapshot taken since.
"""

import psycopg

from trading_ops.db.connect import queries


def review(connection: psycopg.Connection, portfolio_id: str, reason: str, person: str) -> bool:
    """
    Review the drawdown of the newest plan, commit, and say whether its peak is counted anew by now.

    It is not while the policy asks for another operator. Raises psycopg.errors.CheckViolation when there is
    nothing to review, the person is no operator, there is no reason, or the books do not agree with a broker
    snapshot taken since the plan.
    """
    with connection.transaction():
        is_complete = queries.incidents.review_drawdown(
            connection, portfolio_id=portfolio_id, reason=reason, person=person
        )
    connection.commit()
    return is_complete
