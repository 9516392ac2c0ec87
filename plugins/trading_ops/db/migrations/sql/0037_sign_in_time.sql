-- The time is read under the lock: whoever waited for it would find that the attempt before ended in the future, and
-- be sent away for a second.
create or replace function desk.admit_sign_in(tried_name text, from_network text, from_device text) returns integer
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
set lock_timeout = '2s'
as $$
declare
    now_at timestamptz;
    pressed record;
begin
    lock table desk.sign_in_brakes in share row exclusive mode;
    now_at := clock_timestamp();
    delete from desk.sign_in_brakes where failed_at < now_at - interval '1 day';
    select brake.* into pressed
    from desk.sign_in_brakes as brake
    inner join desk.sign_in_counters(tried_name, from_network, from_device) as counter
        using (counter_kind, counter_name)
    where brake.retry_at > now_at
    order by brake.retry_at desc
    limit 1;
    if not found then
        insert into desk.sign_in_brakes (counter_kind, counter_name, failures_count, failed_at, retry_at)
        select
            counter_kind, counter_name, counted.failures_count, now_at,
            now_at + desk.sign_in_delay(counter_kind, counted.failures_count)
        from (
            select
                counter_kind, counter_name,
                1 + greatest(
                    0,
                    coalesce(brake.failures_count, 0)
                    - floor(coalesce(extract(epoch from now_at - brake.failed_at), 0) / 900)::integer
                ) as failures_count
            from desk.sign_in_counters(tried_name, from_network, from_device)
            left join desk.sign_in_brakes as brake using (counter_kind, counter_name)
        ) as counted
        on conflict (counter_kind, counter_name) do update
        set
            failures_count = excluded.failures_count,
            failed_at = excluded.failed_at,
            retry_at = excluded.retry_at,
            is_told = false;
        return 0;
    end if;

    -- Once per wait: a stranger who goes on knocking must not fill the log.
    if not pressed.is_told then
        perform desk.audit(
            'desk', 'sign_in_braked', pressed.counter_kind || '/' || pressed.counter_name,
            jsonb_build_object(
                'network', from_network,
                'person', (select person_id from desk.people where person_id = tried_name),
                'failures_count', pressed.failures_count,
                'wait_s', ceil(extract(epoch from pressed.retry_at - now_at))
            )
        );
    end if;
    -- Once per burst, which is over when nobody was sent away for an hour.
    if not exists (select from desk.sign_in_brakes where braked_at > now_at - interval '1 hour') then
        insert into desk.incidents (code, dedupe_key, detail)
        values (
            'SIGN_IN_BRAKED',
            'SIGN_IN_BRAKED:' || to_char(now_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            format(
                'sign-in waits for %s %s after %s failures, the newest attempt from network %s',
                pressed.counter_kind, pressed.counter_name, pressed.failures_count, from_network
            )
        );
    end if;
    update desk.sign_in_brakes set is_told = true, braked_at = now_at
    where counter_kind = pressed.counter_kind and counter_name = pressed.counter_name;
    return ceil(extract(epoch from pressed.retry_at - now_at));
end
$$;
