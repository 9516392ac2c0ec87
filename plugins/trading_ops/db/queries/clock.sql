-- name: now_at()$
-- The instant the desk believes it is.
select desk.now();

-- name: set_simulated_now(now_at)$
-- Moves a simulated database's clock; refused by a production one.
select desk.set_simulated_now(:now_at);

-- name: real_now_at()$
-- What Postgres takes the real time to be, also in a simulated database.
select clock_timestamp();

-- name: insert_clock_reading(run_id, ntp_source, ntp_offset_ms, database_offset_ms)!
-- Records by how much the machine's clock is off, once per run.
insert into desk.clock_readings (run_id, ntp_source, ntp_offset_ms, database_offset_ms)
values (:run_id, :ntp_source, :ntp_offset_ms, :database_offset_ms)
on conflict (run_id) do nothing;
