"""The model's room as Airflow tasks, in a process or a locked container."""
