-- The desk's database and Airflow's own, each owned by its role. Running it again changes nothing.
select format('create database %I owner desk_owner template template0', :'desk')
where not exists (select from pg_database where datname = :'desk') \gexec
select 'create database airflow owner airflow_meta template template0'
where not exists (select from pg_database where datname = 'airflow') \gexec

\connect :desk
alter schema public owner to desk_owner;
\connect airflow
alter schema public owner to airflow_meta;
