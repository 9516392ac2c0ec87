-- Why a plan does not trade: what a decision stores of it, and a verdict that says whether it was computed at all.

comment on column desk.decisions.reasons is
    'The causes, each {source, check_name, reason, fix} with the same of what follows from it under follows. '
    'Rows of before this migration say gate and check, and fold nothing.';
comment on column desk.tickets.reasons is
    'As in desk.decisions, with what spoke against a TRADE only after the decision.';

-- As before, but has_verdict tells a check that nothing was computed for from one that found its input missing.
create or replace function desk.judge_gate(judged_run_id text, judged_gate text) returns text
language plpgsql security definer
set search_path = pg_catalog, desk
as $$
declare
    verdicts jsonb := '[]';
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
    begin
        select coalesce(jsonb_agg(to_jsonb(verdict)), '[]')
        into verdicts
        from gates.gate_verdicts as verdict
        where verdict.run_id = judged_run_id and verdict.gate = judged_gate;
    exception when undefined_table or undefined_column or insufficient_privilege then
        verdicts := '[]';
    end;
    with expected as (
        select check_name from desk.required_checks where gate = judged_gate
    ),
    found_rows as (
        select v.check_name, v.observed_value, v.limit_value, v.is_clear, v.reason, v.fix
        from jsonb_to_recordset(verdicts) as v (
            check_name text, observed_value numeric, limit_value numeric, is_clear boolean, reason text, fix text
        )
    ),
    counted as (
        select check_name, count(*) as row_count from found_rows group by check_name
    ),
    joined as (
        select
            coalesce(expected.check_name, found_rows.check_name) as check_name,
            found_rows.check_name is not null as has_verdict,
            found_rows.observed_value,
            found_rows.limit_value,
            coalesce(found_rows.is_clear and counted.row_count = 1 and expected.check_name is not null, false) as is_clear,
            case
                when found_rows.check_name is null then 'no verdict was computed for this run'
                when expected.check_name is null then 'the verdict names a check the desk does not know'
                when counted.row_count > 1 then 'the check has ' || counted.row_count || ' verdicts instead of one'
                else coalesce(found_rows.reason, 'the verdict has no reason')
            end as reason,
            coalesce(found_rows.fix, 'Read the log of build_gates in Airflow, mend its cause, plan again.') as fix
        from expected
        full join found_rows on found_rows.check_name = expected.check_name
        left join counted on counted.check_name = found_rows.check_name
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
