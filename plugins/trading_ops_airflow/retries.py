"""
What is worth trying again: only trouble with the machinery.

A fact about data, policy or code is the same a minute later, so such a task fails at once and
keeps its retries. A lost connection, a restarting server or a killed worker gets another try.
"""

from airflow.sdk import RetryAction, RetryDecision, RetryPolicy

# A missing file does not come back by itself.
_FACTS = (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError)


class RetryMachineryOnly(RetryPolicy):
    """Retry what the machinery caused, fail at once for the rest."""

    def evaluate(self, exception, try_number, max_tries, context=None) -> RetryDecision:
        """Decide about one failure; a task whose process was killed never gets here and is retried."""
        if is_machinery(exception):
            return RetryDecision(
                RetryAction.DEFAULT, reason=f"{type(exception).__name__} may pass: trying again"
            )
        return RetryDecision.fail(f"{type(exception).__name__} is a fact that another try would meet again")


def is_machinery(exception: BaseException) -> bool:
    """Say whether an error comes from a connection, a server or a clock rather than from data or code."""
    import psycopg
    from airflow.sdk.exceptions import AirflowTaskTimeout

    if isinstance(exception, _FACTS):
        return False
    return isinstance(
        exception, (OSError, psycopg.OperationalError, psycopg.InterfaceError, AirflowTaskTimeout)
    )
