"""
Registers the desk with Airflow: the timetables, what a mark by hand ends, a line of each task in the desk's
log, the dbt docs tab and the link to the confirm page.

Airflow loads this file into every one of its processes, so nothing heavy is imported until asked for.
"""

from functools import cached_property

from airflow.plugins_manager import AirflowPlugin

from trading_ops.settings import settings
from trading_ops_airflow import endings, task_log
from trading_ops_airflow.reminder_timetable import ReminderTimetable
from trading_ops_airflow.timetable import SessionTimetable


class TradingOpsPlugin(AirflowPlugin):
    """What the desk adds to Airflow."""

    name = "trading_ops"
    timetables = [SessionTimetable, ReminderTimetable]
    listeners = [endings, task_log]

    @cached_property
    def fastapi_apps(self) -> list[dict]:
        """The dbt docs, served by the API server to signed-in people."""
        from trading_ops_airflow.dbt.docs_app import docs_app

        return [{"app": docs_app(settings()), "url_prefix": "/desk-docs", "name": "dbt docs of the desk"}]

    @cached_property
    def external_views(self) -> list[dict]:
        """Two entries of the navigation: the dbt docs inside Airflow, the confirm page beside it."""
        return [
            {
                "name": "dbt docs",
                "href": "/desk-docs/",
                "destination": "nav",
                "category": "browse",
                "url_route": "desk-docs",
            },
            {
                "name": "Confirm page",
                "href": settings().page_url,
                "destination": "nav",
                "category": "browse",
            },
        ]
