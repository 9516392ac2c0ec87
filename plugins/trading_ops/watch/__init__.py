"""Looking from outside Airflow whether what is due has come, and ending what Airflow has given up."""
