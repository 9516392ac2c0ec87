-- What crosses from dbt's role into the desk crosses as rows, never as a relation of dbt's that somebody reads: whoever
-- owns a relation decides what runs when it is read (a view, a policy), and as whom.

create table desk.verdicts (
    run_id text not null references desk.runs (run_id),
    gate text not null,
    check_name text not null,
    observed_value desk.figure,
    limit_value desk.figure,
    is_clear boolean not null,
    reason text not null,
    fix text not null,
    created_at timestamptz not null default desk.now(),
    primary key (run_id, gate, check_name),
    foreign key (gate, check_name) references desk.required_checks (gate, check_name)
);
comment on table desk.verdicts is
    'What dbt found for each check of a run, handed over once by its model gate_verdicts; desk.judge_gate reads it.';
call desk.make_append_only('desk.verdicts');

-- What was judged is what stands there.
create function desk.refuse_late_verdict() returns trigger
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
begin
    if exists (select from desk.gate_results where run_id = new.run_id and gate = new.gate) then
        raise exception 'gate % of run % is judged already', new.gate, new.run_id
            using errcode = 'integrity_constraint_violation', constraint = 'verdicts_before_judgement';
    end if;
    return new;
end
$$;
create trigger refuse_late_verdict before insert on desk.verdicts
for each row execute function desk.refuse_late_verdict();
alter table desk.verdicts enable always trigger refuse_late_verdict;

insert into desk.required_checks (gate, check_name) values
    ('reconciliation', 'snapshot_after_last_entry'),
    ('data_quality', 'fx_plausible'),
    ('risk', 'equity_jump');
-- It looked at fills alone; verdicts of before keep its name in their gate_results.
alter table desk.required_checks disable trigger refuse_row_change;
delete from desk.required_checks where check_name = 'snapshot_after_last_fill';
alter table desk.required_checks enable always trigger refuse_row_change;

-- Every entry of the books with the instant it happened at and the one it was recorded at.
create view desk.entries as
select
    portfolio_id, 'fill' as kind, internal_symbol, executed_at as happened_at, recorded_at,
    sign * units as units_delta,
    -sign * value_gbp - case when reverses_fill_id is null then 1 else -1 end * fee_gbp as cash_delta_gbp
from desk.signed_fills
union all
select
    portfolio_id, 'split', internal_symbol, ex_date::timestamp at time zone 'America/New_York', created_at,
    units_delta, 0
from desk.ledger_corporate_actions
union all
select portfolio_id, kind, null, occurred_at, recorded_at, 0, amount_gbp
from desk.ledger_cash_movements;
comment on view desk.entries is 'What each entry did to units and cash; every balance is a sum of it.';

-- The books against one picture of the broker's account, as far as the books were known at an instant. A row is a
-- check of the reconciliation gate that cannot be clear.
create function desk.snapshot_objections(
    compared_snapshot_id bigint, known_at timestamptz, tolerated_policy_hash text, named_universe_hash text
) returns table (check_name text, objection text)
language sql stable
set search_path = pg_catalog, desk, pg_temp
begin atomic
    with snapshot as (
        select * from desk.broker_snapshots where snapshot_id = compared_snapshot_id
    ),

    limits as (
        select
            max(limit_value) filter (where limit_name = 'reconciliation.cash_drift_gbp_max') as cash_gbp_max,
            max(limit_value) filter (where limit_name = 'reconciliation.cash_drift_ratio_max') as cash_ratio_max,
            max(limit_value) filter (where limit_name = 'reconciliation.position_drift_units_max') as units_max,
            max(limit_value) filter (where limit_name = 'reconciliation.position_drift_ratio_max')
                as units_ratio_max
        from desk.policy_limits
        where policy_hash = tolerated_policy_hash
    ),

    -- A split is booked at night for shares the broker shows already.
    entries as (
        select entry.*
        from snapshot
        inner join desk.entries as entry on entry.portfolio_id = snapshot.portfolio_id
        where entry.recorded_at <= known_at or entry.kind = 'split'
    ),

    booked as (
        select entries.internal_symbol, sum(entries.units_delta) as units
        from snapshot
        inner join entries on entries.happened_at <= snapshot.taken_at
        where entries.internal_symbol is not null
        group by entries.internal_symbol
    ),

    cash as (
        select
            max(snapshot.cash_gbp) - coalesce(sum(entries.cash_delta_gbp), 0) as drift_gbp,
            coalesce(sum(entries.cash_delta_gbp), 0) as ledger_gbp
        from snapshot
        left join entries on entries.happened_at <= snapshot.taken_at
        group by snapshot.snapshot_id
    ),

    named as (
        select distinct on (name.broker_name) name.broker_name, name.internal_symbol
        from desk.config_universe as universe
        cross join lateral (
            values
                (upper(universe.internal_symbol), universe.internal_symbol, 1),
                (upper(universe.vendor_symbol), universe.internal_symbol, 2),
                (upper(universe.etoro_search_name), universe.internal_symbol, 3)
        ) as name (broker_name, internal_symbol, name_rank)
        where universe.universe_hash = named_universe_hash
        order by name.broker_name, name.name_rank
    ),

    shown as (
        select
            coalesce(named.internal_symbol, trim(position.broker_symbol)) as internal_symbol,
            sum(position.units) as units
        from desk.broker_snapshot_positions as position
        left join named on named.broker_name = upper(trim(position.broker_symbol))
        where position.snapshot_id = compared_snapshot_id
        group by coalesce(named.internal_symbol, trim(position.broker_symbol))
    ),

    units as (
        select count(*) as outside_count
        from booked
        full join shown on shown.internal_symbol = booked.internal_symbol
        cross join limits
        where coalesce(
            abs(coalesce(shown.units, 0) - coalesce(booked.units, 0))
            > greatest(limits.units_max, limits.units_ratio_max * abs(coalesce(booked.units, 0))),
            true
        )
    ),

    later as (
        select count(*) as entries_count
        from snapshot
        inner join entries
            on entries.happened_at > snapshot.taken_at
            or entries.recorded_at > snapshot.recorded_at
        where entries.recorded_at <= known_at
    )

    select
        'snapshot_after_last_entry',
        format('%s entries of the books are newer than the newest broker snapshot', entries_count)
    from later
    where entries_count > 0

    union all

    select 'cash_matches', format('the books and the broker differ by %s GBP', round(drift_gbp, 2))
    from cash, limits
    where not coalesce(
        abs(drift_gbp) <= greatest(limits.cash_gbp_max, limits.cash_ratio_max * abs(ledger_gbp)), false
    )

    union all

    select 'positions_match', format('%s positions differ between the books and the broker', outside_count)
    from units
    where outside_count > 0;
end;

/*
  The desk's own look at what money hangs on, from raw and desk alone, without dbt. A row is an objection: a check that
  cannot be clear. It is built to be no stricter than dbt's check of the same name (any source's bar counts, broken ones
  too), so it speaks only where a verdict is wrong, whoever made it so.
*/
create function desk.objections(judged_run_id text) returns table (gate text, check_name text, objection text)
language sql stable
set search_path = pg_catalog, desk, pg_temp
begin atomic
    with run as (
        select * from desk.runs where run_id = judged_run_id
    ),

    limits as (
        select policy_limit.limit_name, policy_limit.limit_value
        from run
        inner join desk.policy_limits as policy_limit on policy_limit.policy_hash = run.policy_hash
    ),

    universe as (
        select universe.*
        from run
        inner join desk.config_universe as universe on universe.universe_hash = run.universe_hash
    ),

    names as (
        select universe.internal_symbol, name.vendor_symbol
        from universe
        cross join lateral unnest(array[universe.vendor_symbol, universe.stooq_symbol, universe.yahoo_symbol])
            as name (vendor_symbol)
        union
        select alias.internal_symbol, alias.vendor_symbol
        from run
        inner join desk.config_aliases as alias on alias.universe_hash = run.universe_hash
    ),

    due as (
        select
            run.run_id,
            greatest(run.as_of_date, max(calendar.session_date) filter (where calendar.expected_at <= run.frozen_at))
                as due_date
        from run
        left join desk.calendar_sessions as calendar on calendar.calendar_hash = run.calendar_hash
        group by run.run_id, run.as_of_date
    ),

    barred as (
        select
            names.internal_symbol,
            bool_or(bar.session_date = run.as_of_date) as has_bar,
            bool_or(bar.session_date >= due.due_date) as has_due_bar
        from run
        inner join due on due.run_id = run.run_id
        inner join desk.config_policy as policy on policy.policy_hash = run.policy_hash
        cross join lateral jsonb_array_elements_text(policy.body #> '{market_data,source_order}') as listed (source)
        cross join names
        inner join raw.eod_bars as bar
            on bar.source = listed.source
            and bar.vendor_symbol in (upper(names.vendor_symbol), regexp_replace(upper(names.vendor_symbol), '\.US$', ''))
            and bar.session_date >= run.as_of_date
            and bar.load_id <= run.data_snapshot_id
        group by names.internal_symbol
    ),

    covered as (
        select
            count(*) filter (where universe.is_enabled) as enabled_count,
            count(*) filter (where universe.is_enabled and barred.has_bar) as covered_count,
            coalesce(bool_or(universe.is_benchmark and barred.has_bar), false) as is_benchmark_there,
            coalesce(bool_or(barred.has_due_bar), false) as is_due_bar_there
        from universe
        left join barred on barred.internal_symbol = universe.internal_symbol
    ),

    newest_rate as (
        select (
            select fx.rate
            from raw.fx_rates as fx
            where fx.base_currency = 'GBP'
                and fx.quote_currency = 'USD'
                and fx.load_id <= run.data_snapshot_id
                and fx.rate_date <= run.as_of_date
            order by fx.rate_date desc, fx.load_id desc
            limit 1
        ) as rate
        from run
    ),

    previous as (
        select ticket.ticket_id
        from run
        inner join desk.tickets as ticket on ticket.portfolio_id = run.portfolio_id
        where ticket.kind = 'TRADE' and ticket.issued_at <= run.frozen_at and ticket.run_id <> run.run_id
        order by ticket.issued_at desc, ticket.ticket_id desc
        limit 1
    ),

    unconfirmed as (
        select count(*) as lines_count
        from previous
        inner join desk.ticket_lines as line on line.ticket_id = previous.ticket_id
        where not exists (
            select from desk.confirmations as confirmation
            where confirmation.ticket_id = line.ticket_id and confirmation.line_number = line.line_number
        )
    ),

    -- Another picture than the newest one the run could know would be another reconciliation.
    snapshot as (
        select snapshot.*
        from run
        inner join desk.broker_snapshots as snapshot on snapshot.portfolio_id = run.portfolio_id
        where snapshot.recorded_at <= run.frozen_at
        order by snapshot.taken_at desc, snapshot.snapshot_id desc
        limit 1
    ),

    entries as (
        select entry.*
        from run
        inner join desk.entries as entry on entry.portfolio_id = run.portfolio_id
    ),

    held as (
        select
            coalesce(sum(target.held_value_gbp), 0) as value_gbp
        from run
        inner join desk.portfolio_targets as target on target.run_id = run.run_id
    ),

    -- What can be spent: what both the books and the broker show, also when money left since the run was frozen.
    cash as (
        select least(
            (select coalesce(sum(entries.cash_delta_gbp), 0) from entries),
            (select coalesce(sum(entries.cash_delta_gbp), 0) from entries, run where entries.recorded_at <= run.frozen_at),
            (select snapshot.cash_gbp from snapshot)
        ) as spendable_gbp
    ),

    trades as (
        select intended.*, coalesce(position.units, 0) as held_units, coalesce(target.held_value_gbp, 0) as held_value_gbp
        from run
        inner join desk.ledger_trades_intended as intended on intended.run_id = run.run_id
        left join desk.positions_now as position
            on position.portfolio_id = run.portfolio_id and position.internal_symbol = intended.internal_symbol
        left join desk.portfolio_targets as target
            on target.run_id = run.run_id and target.internal_symbol = intended.internal_symbol
    ),

    planned as (
        select
            coalesce(sum(value_gbp) filter (where side = 'BUY'), 0) as buy_gbp,
            coalesce(sum(value_gbp), 0) as traded_gbp,
            count(*) filter (where side = 'BUY' and held_units = 0) as opened_count,
            count(*) filter (where is_full_exit) as closed_count,
            count(*) filter (where side = 'SELL' and units_estimate > held_units) as oversold_count,
            max((held_value_gbp + value_gbp)) filter (where side = 'BUY') as largest_bought_gbp
        from trades
    ),

    holdings as (
        select count(*) as positions_count
        from run
        inner join desk.positions_now as position on position.portfolio_id = run.portfolio_id
        where position.units > 0
    )

    select 'data_quality', 'benchmark_present', 'no source has a bar of the benchmark'
    from covered
    where not is_benchmark_there

    union all

    select
        'data_quality', 'coverage',
        format('only %s of %s enabled symbols have any bar of the session', covered_count, enabled_count)
    from covered
    where not coalesce(
        enabled_count > 0
        and covered_count >= enabled_count
        * (select limit_value from limits where limit_name = 'data_quality.coverage_ratio_min'),
        false
    )

    union all

    select 'data_quality', 'freshness', 'no source has a bar of the newest session that is due'
    from covered
    where not is_due_bar_there

    union all

    select 'data_quality', 'fx_plausible', format('the newest GBP/USD rate is %s', coalesce(rate::text, 'unknown'))
    from newest_rate
    where not coalesce(
        rate between (select limit_value from limits where limit_name = 'data_quality.gbpusd_rate_min')
        and (select limit_value from limits where limit_name = 'data_quality.gbpusd_rate_max'),
        false
    )

    union all

    select
        'confirmation', 'previous_ticket_confirmed', format('%s lines of the ticket before have no confirmation', lines_count)
    from unconfirmed
    where lines_count > 0

    union all

    select 'reconciliation', 'snapshot_recent', 'no broker snapshot of the last days is there'
    from run
    where not exists (
        select from snapshot
        where run.frozen_at - snapshot.taken_at
            <= (select limit_value from limits where limit_name = 'reconciliation.snapshot_age_days_max') * interval '1 day'
    )

    union all

    select 'reconciliation', found.check_name, found.objection
    from run
    cross join snapshot
    cross join lateral desk.snapshot_objections(
        snapshot.snapshot_id, run.frozen_at, run.policy_hash, run.universe_hash
    ) as found

    union all

    select 'risk', 'cash_buffer', format('%s GBP are to be spent of %s GBP', planned.buy_gbp, cash.spendable_gbp)
    from planned, cash, held
    where planned.buy_gbp > 0
        and not coalesce(
            cash.spendable_gbp - planned.buy_gbp
            >= (select limit_value from limits where limit_name = 'risk.cash_buffer_ratio_min')
            * (cash.spendable_gbp + held.value_gbp),
            false
        )

    union all

    select
        'risk', 'positions_count',
        format('%s positions after the trades', holdings.positions_count + planned.opened_count - planned.closed_count)
    from planned, holdings
    where planned.opened_count > 0
        and not coalesce(
            holdings.positions_count + planned.opened_count - planned.closed_count
            <= (select limit_value from limits where limit_name = 'risk.positions_count_max'),
            false
        )

    union all

    select 'risk', 'position_weight', format('%s GBP in one bought symbol', planned.largest_bought_gbp)
    from planned, cash, held
    where planned.largest_bought_gbp is not null
        and not coalesce(
            -- A hundredth for the pennies both sides round.
            planned.largest_bought_gbp <= 1.01
            * (select limit_value from limits where limit_name = 'risk.weight_ratio_max')
            * (cash.spendable_gbp + held.value_gbp),
            false
        )

    union all

    select 'risk', 'long_only', format('%s sales are of more than is held', oversold_count)
    from planned
    where oversold_count > 0;
end;
comment on function desk.objections(text) is 'Checks of a run that cannot be clear, found without dbt.';

-- Reads the verdicts handed over for this run; a missing row or value is a FAIL with its reason, and so is a clear
-- one to which the desk's own look objects. Judging twice gives the first answer: a run never changes its mind.
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
    with joined as (
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
        left join desk.objections(judged_run_id) as objected
            on objected.gate = required.gate and objected.check_name = required.check_name
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

-- Only desk_reader, which can change nothing, reads what dbt makes.
revoke usage on schema staging, intermediate, marts, gates, audit
    from desk_loader, desk_planner, desk_app, desk_mailer, desk_backup;

-- A session's temporary tables are never found before the desk's own.
do $$
declare
    one record;
begin
    for one in
        select routine.oid::regprocedure as signature, routine.prokind, setting.config
        from pg_proc as routine
        cross join lateral unnest(routine.proconfig) as setting (config)
        where routine.pronamespace = 'desk'::regnamespace
            and setting.config like 'search_path=%' and setting.config not like '%pg_temp'
    loop
        execute format(
            'alter %s %s set search_path = %s, pg_temp',
            case one.prokind when 'p' then 'procedure' else 'function' end, one.signature, substr(one.config, 13)
        );
    end loop;
end
$$;

grant insert, select on desk.verdicts to desk_dbt;
grant select on desk.verdicts to desk_planner, desk_reader, desk_backup;
grant select on desk.entries to desk_dbt, desk_app, desk_planner, desk_reader, desk_backup;
