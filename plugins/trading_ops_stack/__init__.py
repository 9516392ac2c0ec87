"""
What starts and watches the desk on one machine; the only room that may know Airflow, Postgres and the page.
"""
