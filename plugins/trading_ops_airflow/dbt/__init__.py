"""dbt as Airflow tasks: how it is called, the builds of a run, its docs."""
