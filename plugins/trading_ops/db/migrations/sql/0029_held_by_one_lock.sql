-- What is decided by looking at other rows is decided under a lock, so that two who look at the same moment cannot
-- both be right; and what comes from outside is not believed about itself: a policy about its hash, a plan about
-- what the book holds.

-- Two operators who remove each other at once would leave none.
create or replace function desk.set_person(
    changed_by text, new_person_id text, new_role text, new_email text, new_password_hash text
) returns void
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    old_role text;
    actor text := changed_by;
begin
    lock table desk.people in share row exclusive mode;
    if not exists (select from desk.people where role = 'operator') then
        -- Somebody has to be the first.
        actor := 'shell';
    elsif not exists (select from desk.people where person_id = changed_by and role = 'operator') then
        raise exception '% is no operator: only an operator lets people in', coalesce(changed_by, 'nobody')
            using errcode = 'check_violation', constraint = 'operator_lets_in';
    end if;
    select role into old_role from desk.people where person_id = new_person_id;
    if old_role = 'operator' and new_role <> 'operator'
        and not exists (select from desk.people where role = 'operator' and person_id <> new_person_id) then
        raise exception '% is the only operator: let in another one first', new_person_id
            using errcode = 'check_violation', constraint = 'an_operator_stays';
    end if;
    insert into desk.people (person_id, role, email, password_hash)
    values (new_person_id, new_role, new_email, new_password_hash)
    on conflict (person_id) do update
    set role = excluded.role, email = excluded.email, password_hash = excluded.password_hash;
    perform desk.audit(
        actor, case when old_role is null then 'person_added' else 'person_changed' end, new_person_id,
        jsonb_build_object('role', new_role, 'old_role', old_role, 'email', new_email)
    );
end
$$;

-- Who is gone is nobody at the page: not told apart from a name that never was, and no actor of the log.
create or replace function desk.settle_sign_in(
    tried_name text, from_network text, from_device text, is_right boolean
) returns void
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
set lock_timeout = '2s'
as $$
declare
    detail constant jsonb := jsonb_build_object(
        'network', from_network, 'is_known_device', from_device is not null
    );
begin
    if not exists (select from desk.people where person_id = tried_name and role <> 'gone') then
        return;
    end if;
    if not is_right then
        perform desk.audit(tried_name, 'sign_in_refused', tried_name, detail);
        return;
    end if;
    lock table desk.sign_in_brakes in share row exclusive mode;
    update desk.sign_in_brakes as brake
    set failures_count = settled.failures_count,
        retry_at = least(
            brake.retry_at,
            brake.failed_at + desk.sign_in_delay(brake.counter_kind, settled.failures_count)
        )
    from (
        select
            counter_kind, counter_name,
            case counter_kind when 'network' then greatest(0, failures_count - 1) else 0 end as failures_count
        from desk.sign_in_brakes
        inner join desk.sign_in_counters(tried_name, from_network, from_device)
            using (counter_kind, counter_name)
    ) as settled
    where brake.counter_kind = settled.counter_kind and brake.counter_name = settled.counter_name;
    perform desk.audit(tried_name, 'sign_in', tried_name, detail);
end
$$;

-- Tickets of a portfolio come one after the other, and each TRADE knows the ones before it: a plan frozen before
-- another TRADE was out has judged confirmations and cash without it.
create or replace function desk.refuse_overtaken_trade() returns trigger
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    other_ticket_id text;
begin
    perform from desk.portfolios where portfolio_id = new.portfolio_id for no key update;
    if new.kind <> 'TRADE' then
        return new;
    end if;
    other_ticket_id := desk.newer_ticket(new.run_id);
    if other_ticket_id is not null then
        raise exception 'a later plan has its ticket % already', other_ticket_id
            using errcode = 'integrity_constraint_violation', constraint = 'newest_plan_trades';
    end if;
    -- Two of the same session are refused by their index, which says it better.
    select ticket.ticket_id into other_ticket_id
    from desk.tickets as ticket
    inner join desk.runs as run on run.run_id = new.run_id
    where ticket.portfolio_id = new.portfolio_id
        and ticket.kind = 'TRADE'
        and ticket.issued_at > run.frozen_at
        and ticket.window_open_at <> new.window_open_at
    order by ticket.issued_at desc
    limit 1;
    if found then
        raise exception 'this plan was frozen before the ticket % was out', other_ticket_id
            using errcode = 'integrity_constraint_violation', constraint = 'plan_knows_the_ticket_before';
    end if;
    return new;
end
$$;

-- The hash of a policy is that of the text that is stored, whoever hands it in: under the name of next week's policy
-- looser limits could wait for it.
drop function desk.adopt_policy(text, jsonb);
create function desk.adopt_policy(policy_text text) returns text
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    adopted_hash constant text := encode(sha256(convert_to(policy_text, 'UTF8')), 'hex');
    adopted_body constant jsonb := policy_text;
    earlier_hash text;
begin
    lock table desk.config_policy in share row exclusive mode;
    select policy_hash into earlier_hash from desk.config_policy where is_active;
    if earlier_hash = adopted_hash then
        return adopted_hash;
    end if;
    insert into desk.config_policy (policy_hash, body) values (adopted_hash, adopted_body)
    on conflict (policy_hash) do nothing;
    if found then
        insert into desk.policy_limits (policy_hash, limit_name, limit_value)
        select adopted_hash, limit_name, limit_value from desk.numbers_of(adopted_body);
    end if;
    update desk.config_policy set is_active = false where is_active;
    update desk.config_policy set is_active = true where policy_hash = adopted_hash;
    perform desk.audit('desk', 'policy_adopted', adopted_hash, jsonb_build_object(
        'instead_of', earlier_hash,
        'limits', coalesce((
            select jsonb_object_agg(coalesce(new_limit.limit_name, old_limit.limit_name),
                jsonb_build_array(old_limit.limit_value, new_limit.limit_value))
            from (select * from desk.policy_limits where policy_hash = earlier_hash) as old_limit
            full join (select * from desk.policy_limits where policy_hash = adopted_hash) as new_limit
                using (limit_name)
            where old_limit.limit_value is distinct from new_limit.limit_value
        ), '{}')
    ));
    return adopted_hash;
end
$$;
comment on function desk.adopt_policy(text) is
    'Stores a policy once under the hash of its text, makes it the active one, writes into the log which limits changed, '
    'each [before, after], and returns the hash.';
revoke all on function desk.adopt_policy(text) from public;
grant execute on function desk.adopt_policy(text) to desk_planner;

-- The universe in use is one as well, also when two change it.
create or replace function desk.activate_universe(new_universe_hash text) returns void
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
begin
    lock table desk.universe_versions in share row exclusive mode;
    if not exists (select from desk.config_universe where universe_hash = new_universe_hash) then
        raise exception 'no universe with hash % is stored', new_universe_hash;
    end if;
    update desk.universe_versions set is_active = false where is_active and universe_hash <> new_universe_hash;
    update desk.universe_versions set is_active = true where not is_active and universe_hash = new_universe_hash;
end
$$;

-- What each holding is worth by the desk's own entries and the bars as they were loaded: the lowest and the highest close
-- of the newest session that any source of the policy has. Null where there is no bar, or no rate.
create function desk.held_values(valued_run_id text)
returns table (internal_symbol text, low_gbp numeric, high_gbp numeric)
language sql stable
set search_path = pg_catalog, desk, pg_temp
begin atomic
    with run as (
        select
            judged.*,
            (
                select fx.rate
                from raw.fx_rates as fx
                where fx.base_currency = 'GBP'
                    and fx.quote_currency = 'USD'
                    and fx.load_id <= judged.data_snapshot_id
                    and fx.rate_date <= judged.as_of_date
                order by fx.rate_date desc, fx.load_id desc
                limit 1
            ) as gbpusd_rate
        from desk.runs as judged
        where judged.run_id = valued_run_id
    ),

    names as (
        select universe.internal_symbol, name.vendor_symbol
        from run
        inner join desk.config_universe as universe on universe.universe_hash = run.universe_hash
        cross join lateral unnest(array[universe.vendor_symbol, universe.stooq_symbol, universe.yahoo_symbol])
            as name (vendor_symbol)
        union
        select alias.internal_symbol, alias.vendor_symbol
        from run
        inner join desk.config_aliases as alias on alias.universe_hash = run.universe_hash
    ),

    closes as (
        select
            position.internal_symbol,
            position.units * bar.close_price / run.gbpusd_rate as value_gbp,
            rank() over (partition by position.internal_symbol order by bar.session_date desc nulls last) as age_rank
        from run
        inner join desk.config_policy as policy on policy.policy_hash = run.policy_hash
        inner join desk.positions_now as position
            on position.portfolio_id = run.portfolio_id and position.units > 0
        cross join lateral jsonb_array_elements_text(policy.body #> '{market_data,source_order}') as listed (source)
        left join names on names.internal_symbol = position.internal_symbol
        left join lateral (
            select stored.session_date, stored.close_price
            from raw.eod_bars as stored
            where stored.source = listed.source
                and stored.vendor_symbol in (
                    upper(names.vendor_symbol), regexp_replace(upper(names.vendor_symbol), '\.US$', '')
                )
                and stored.session_date <= run.as_of_date
                and stored.load_id <= run.data_snapshot_id
            order by stored.session_date desc, stored.load_id desc
            limit 1
        ) as bar on true
    )

    select closes.internal_symbol, min(closes.value_gbp), max(closes.value_gbp)
    from closes
    where closes.age_rank = 1
    group by closes.internal_symbol;
end;
comment on function desk.held_values(text) is
    'What a run''s holdings are worth by entries and raw bars, found without dbt: from the lowest to the highest source.';

-- As before, but a plan's own word about what is held is believed only as far as bars and entries bear it out: a
-- figure a twentieth beyond them makes no weight smaller.
create or replace function desk.objections(judged_run_id text) returns table (gate text, check_name text, objection text)
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

    valued as (
        select
            coalesce(target.internal_symbol, own.internal_symbol) as internal_symbol,
            target.held_value_gbp as told_gbp, own.low_gbp, own.high_gbp
        from (
            select target.internal_symbol, target.held_value_gbp
            from run
            inner join desk.portfolio_targets as target on target.run_id = run.run_id
        ) as target
        full join (select found.* from run cross join lateral desk.held_values(run.run_id) as found) as own
            on own.internal_symbol = target.internal_symbol
    ),

    -- A symbol that is not held is worth nothing, whatever the plan says; one without a bar is what the plan says.
    held as (
        select
            coalesce(sum(valued.told_gbp), 0) as told_gbp,
            coalesce(sum(least(
                valued.told_gbp,
                case when position.units > 0 then coalesce(1.05 * valued.high_gbp, valued.told_gbp) else 0 end
            )), 0) as value_gbp
        from run
        cross join valued
        left join desk.positions_now as position
            on position.portfolio_id = run.portfolio_id and position.internal_symbol = valued.internal_symbol
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
        select intended.*, coalesce(position.units, 0) as held_units, 
            greatest(valued.told_gbp, 0.95 * valued.low_gbp, 0) as held_value_gbp
        from run
        inner join desk.ledger_trades_intended as intended on intended.run_id = run.run_id
        left join desk.positions_now as position
            on position.portfolio_id = run.portfolio_id and position.internal_symbol = intended.internal_symbol
        left join valued on valued.internal_symbol = intended.internal_symbol
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
            * (cash.spendable_gbp + held.told_gbp),
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
