-- What the clock of the machine was off by as each run was frozen: windows and deadlines hang on it.

create table desk.clock_readings (
    run_id text primary key references desk.runs (run_id),
    ntp_source text,
    ntp_offset_ms desk.figure,
    database_offset_ms desk.figure not null,
    recorded_at timestamptz not null default clock_timestamp(),
    check ((ntp_source is null) = (ntp_offset_ms is null))
);
comment on table desk.clock_readings is 'By how much the machine''s clock differed from NTP and from Postgres as a run was frozen.';
comment on column desk.clock_readings.ntp_source is 'Who said it: chrony or timesyncd; null where neither could.';
comment on column desk.clock_readings.recorded_at is 'Real time, also in a simulated database.';
call desk.make_append_only('desk.clock_readings');
grant select, insert on desk.clock_readings to desk_planner;
grant select on desk.clock_readings to desk_dbt, desk_reader, desk_backup;

insert into desk.required_checks (gate, check_name) values ('risk', 'clock_right');
