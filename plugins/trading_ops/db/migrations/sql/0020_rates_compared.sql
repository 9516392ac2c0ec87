-- Which of two sources that differ about a day's GBP/USD rate is right nobody knows, and every order is multiplied by
-- one of them. dbt's fx_plausible compares them; so does the desk's own look.

-- No stricter than dbt's check: the newest versions the run may see, of each source's newest days.
create function desk.rate_objections(judged_run_id text)
returns table (gate text, check_name text, objection text)
language sql stable
set search_path = pg_catalog, desk, pg_temp
begin atomic
    with run as (
        select
            judged.*,
            (
                select policy_limit.limit_value
                from desk.policy_limits as policy_limit
                where policy_limit.policy_hash = judged.policy_hash
                    and policy_limit.limit_name = 'data_quality.fx_disagreement_ratio_max'
            ) as ratio_max,
            (
                select policy_limit.limit_value
                from desk.policy_limits as policy_limit
                where policy_limit.policy_hash = judged.policy_hash
                    and policy_limit.limit_name = 'data_quality.lookback_sessions_count'
            ) as lookback_count
        from desk.runs as judged
        where judged.run_id = judged_run_id
    ),

    known as (
        select distinct on (fx.source, fx.rate_date) fx.source, fx.rate_date, fx.rate
        from run
        inner join raw.fx_rates as fx
            on fx.base_currency = 'GBP'
            and fx.quote_currency = 'USD'
            and fx.load_id <= run.data_snapshot_id
            and fx.rate_date <= run.as_of_date
        order by fx.source, fx.rate_date, fx.load_id desc
    ),

    numbered as (
        select known.*, row_number() over (partition by known.source order by known.rate_date desc) as newest_number
        from known
    ),

    rates as (
        select numbered.source, numbered.rate_date, numbered.rate
        from run
        inner join numbered on numbered.newest_number <= run.lookback_count
    )

    select
        'data_quality', 'fx_plausible',
        format('on %s a pound is %s USD at %s and %s at %s', one.rate_date, one.rate, one.source, other.rate, other.source)
    from run
    cross join rates as one
    inner join rates as other on other.rate_date = one.rate_date and other.source > one.source
    where not coalesce(abs(one.rate / other.rate - 1) <= run.ratio_max, false)
    order by one.rate_date desc, one.source, other.source
    limit 1;
end;
comment on function desk.rate_objections(text) is
    'Sources of a run that differ about a GBP/USD rate by more than its policy allows, found without dbt.';

-- As before, with both of the desk's own looks.
create or replace function desk.judge_gate(judged_run_id text, judged_gate text) returns text
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    found_status text;
begin
    perform 1 from desk.runs where run_id = judged_run_id;
    if not found then
        raise exception 'run % does not exist', judged_run_id;
    end if;
    select status into found_status from desk.gate_results where run_id = judged_run_id and gate = judged_gate;
    if found then
        return found_status;
    end if;
    with objected as (
        select found.gate, found.check_name, string_agg(found.objection, '; ') as objection
        from (
            select * from desk.objections(judged_run_id)
            union all
            select * from desk.rate_objections(judged_run_id)
        ) as found
        group by found.gate, found.check_name
    ),

    joined as (
        select
            required.check_name,
            verdict.run_id is not null as has_verdict,
            verdict.observed_value,
            verdict.limit_value,
            coalesce(verdict.is_clear and objected.objection is null, false) as is_clear,
            case
                when verdict.run_id is null then 'no verdict was computed for this run'
                when verdict.is_clear and objected.objection is not null then
                    'dbt found it clear, but the desk''s own look does not: ' || objected.objection
                else verdict.reason
            end as reason,
            case
                when verdict.run_id is null then 'Read the log of build_gates in Airflow, mend its cause, plan again.'
                when verdict.is_clear and objected.objection is not null then
                    'Do not trade. Find out who changed what dbt computes, as docs/SECURITY.md says; then plan again.'
                else verdict.fix
            end as fix
        from desk.required_checks as required
        left join desk.verdicts as verdict
            on verdict.run_id = judged_run_id
            and verdict.gate = required.gate
            and verdict.check_name = required.check_name
        left join objected on objected.gate = required.gate and objected.check_name = required.check_name
        where required.gate = judged_gate
    )

    insert into desk.gate_results (run_id, gate, status, checks)
    select
        judged_run_id,
        judged_gate,
        case when count(*) > 0 and bool_and(joined.is_clear) then 'PASS' else 'FAIL' end,
        coalesce(jsonb_agg(to_jsonb(joined) order by joined.check_name), '[]')
    from joined
    on conflict (run_id, gate) do nothing;
    select status into found_status from desk.gate_results where run_id = judged_run_id and gate = judged_gate;
    return found_status;
end
$$;
