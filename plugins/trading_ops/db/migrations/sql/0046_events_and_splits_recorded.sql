-- The one way an event and a finding of a split enter, each with its row in the audit log.

-- Granted to nobody. Nothing that was not held leaves a book, now or at any instant before. What is short of another stock,
-- as a split that was withdrawn leaves it, does not stand in the way.
create function desk.refuse_short_units(asked_portfolio_id text, moved_symbols text[]) returns void
language plpgsql
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    short record;
begin
    select internal_symbol, happened_at, running_units into short
    from (
        select
            internal_symbol, happened_at,
            sum(sum(units_delta)) over (partition by internal_symbol order by happened_at) as running_units
        from desk.entries
        where portfolio_id = asked_portfolio_id and internal_symbol = any(moved_symbols)
        group by internal_symbol, happened_at
    ) as running
    where running_units < 0
    order by happened_at limit 1;
    if found then
        raise exception 'the book would hold % units of % at %', trim_scale(short.running_units), short.internal_symbol,
            short.happened_at
            using errcode = 'check_violation', constraint = 'out_at_most_held';
    end if;
end
$$;

-- Granted to nobody. The stocks that an event moves, or takes back.
create function desk.symbols_of_event(asked_event_id bigint) returns text[]
language sql stable
set search_path = pg_catalog, desk, pg_temp
return array(
    select leg.internal_symbol
    from desk.ledger_events as event
    inner join desk.ledger_event_legs as leg on leg.event_id = coalesce(event.reverses_event_id, event.event_id)
    where event.event_id = asked_event_id
);

-- request: {portfolio_id, kind, happened_at, person, notes, document, idempotency_key,
--           legs: [{symbol, units, cash_gbp, fee_gbp, withheld_gbp, cost_gbp, amount_usd}]}; each leg moves something
create function desk.record_event(request jsonb) returns bigint
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    earlier_id bigint;
    objection text;
    new_event_id bigint;
    policy record;
    begun_at timestamptz;
    legs constant jsonb := coalesce(request -> 'legs', '[]');
begin
    earlier_id := desk.earlier_record('event', request ->> 'portfolio_id', request);
    if earlier_id is not null then
        return earlier_id;
    end if;
    perform desk.refuse_bookkeeper(request);
    select opened_at into begun_at from desk.openings where opening_id = desk.opening_of(request ->> 'portfolio_id');
    if (request ->> 'happened_at')::timestamptz < begun_at then
        raise exception 'the book began at % with what the account held: what happened before is in it', begun_at
            using errcode = 'check_violation', constraint = 'book_has_begun';
    end if;
    objection := desk.event_objection(request ->> 'kind', legs);
    if objection is null then
        select format('the universe in use has no %s', leg ->> 'symbol') into objection
        from jsonb_array_elements(legs) as leg
        where leg ->> 'symbol' is not null
            and not exists (
                select from desk.config_universe as universe
                inner join desk.universe_versions as version
                    on version.universe_hash = universe.universe_hash and version.is_active
                where universe.internal_symbol = leg ->> 'symbol'
            )
            -- What left the universe may still pay, and go.
            and (
                (leg ->> 'units')::numeric > 0
                or not exists (
                    select from desk.entries
                    where portfolio_id = request ->> 'portfolio_id' and internal_symbol = leg ->> 'symbol'
                )
            )
        limit 1;
    end if;
    if objection is not null then
        raise exception '%', objection using errcode = 'check_violation', constraint = 'event_is_one_of_its_kind';
    end if;
    select active.policy_hash, max(policy_limit.limit_value) as persons_min into policy
    from desk.config_policy as active
    left join desk.policy_limits as policy_limit
        on policy_limit.policy_hash = active.policy_hash
        and policy_limit.limit_name = 'reconciliation.event_persons_min'
    where active.is_active
    group by active.policy_hash;
    insert into desk.ledger_events (
        portfolio_id, kind, happened_at, notes, document, person, persons_min, policy_hash, idempotency_key, request_sha256
    ) values (
        request ->> 'portfolio_id', request ->> 'kind', (request ->> 'happened_at')::timestamptz,
        coalesce(request ->> 'notes', ''), coalesce(request ->> 'document', ''), request ->> 'person',
        -- What happens every week needs no second pair of eyes: the statement shows it.
        case when request ->> 'kind' in ('trade', 'dividend') then 1 else coalesce(policy.persons_min, 1) end,
        policy.policy_hash, request ->> 'idempotency_key', desk.request_sha256(request)
    ) returning event_id into new_event_id;
    insert into desk.ledger_event_legs (
        event_id, leg_number, internal_symbol, units_delta, cash_gbp, fee_gbp, withheld_gbp, cost_gbp, amount_usd
    )
    select
        new_event_id, leg_number, leg ->> 'symbol', coalesce((leg ->> 'units')::numeric, 0),
        coalesce((leg ->> 'cash_gbp')::numeric, 0), coalesce((leg ->> 'fee_gbp')::numeric, 0),
        coalesce((leg ->> 'withheld_gbp')::numeric, 0), coalesce((leg ->> 'cost_gbp')::numeric, 0),
        (leg ->> 'amount_usd')::numeric
    from jsonb_array_elements(legs) with ordinality as listed (leg, leg_number);
    perform desk.refuse_short_units(request ->> 'portfolio_id', desk.symbols_of_event(new_event_id));
    perform desk.audit(
        request ->> 'person', 'record_event', format('event/%s', new_event_id), request - 'idempotency_key' - 'person'
    );
    return new_event_id;
end
$$;
comment on function desk.record_event(jsonb) is
    'Books what happened to an account beside ticket lines, once per key, and returns its number.';

-- request: {portfolio_id, event_id, person}
create function desk.approve_event(request jsonb) returns bigint
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    waiting record;
begin
    perform desk.refuse_bookkeeper(request);
    select event.event_id, event.person, event.persons_min, state.counts_from_at, state.reversed_by_id into waiting
    from desk.ledger_events as event
    inner join desk.signed_events as state on state.event_id = event.event_id
    where event.event_id = (request ->> 'event_id')::bigint and event.portfolio_id = request ->> 'portfolio_id';
    if not found then
        raise exception 'this portfolio has no event %', request ->> 'event_id' using errcode = 'foreign_key_violation';
    end if;
    if waiting.counts_from_at is not null then
        return waiting.event_id;
    end if;
    if waiting.reversed_by_id is not null or waiting.person = request ->> 'person' then
        raise exception '%', case
            when waiting.reversed_by_id is not null then format('event %s is taken back', waiting.event_id)
            else format('%s booked event %s: another operator approves it', waiting.person, waiting.event_id)
        end using errcode = 'check_violation', constraint = 'another_operator_approves';
    end if;
    insert into desk.ledger_event_approvals (event_id, person) values (waiting.event_id, request ->> 'person');
    perform desk.refuse_short_units(request ->> 'portfolio_id', desk.symbols_of_event(waiting.event_id));
    perform desk.audit(request ->> 'person', 'approve_event', format('event/%s', waiting.event_id), '{}');
    return waiting.event_id;
end
$$;

-- request: {portfolio_id, event_id, person, notes, idempotency_key}
create function desk.reverse_event(request jsonb) returns bigint
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    earlier_id bigint;
    wrong record;
    new_event_id bigint;
begin
    earlier_id := desk.earlier_record('event', request ->> 'portfolio_id', request);
    if earlier_id is not null then
        return earlier_id;
    end if;
    perform desk.refuse_bookkeeper(request);
    select event.*, state.counts_from_at, state.reversed_by_id into wrong
    from desk.ledger_events as event
    inner join desk.signed_events as state on state.event_id = event.event_id
    where event.event_id = (request ->> 'event_id')::bigint and event.portfolio_id = request ->> 'portfolio_id';
    if not found then
        raise exception 'this portfolio has no event %', request ->> 'event_id' using errcode = 'foreign_key_violation';
    end if;
    if wrong.reverses_event_id is not null or wrong.reversed_by_id is not null then
        raise exception 'event % is taken back already, or takes one back itself', wrong.event_id
            using errcode = 'check_violation', constraint = 'event_reversed_once';
    end if;
    insert into desk.ledger_events (
        portfolio_id, kind, happened_at, notes, person, persons_min, policy_hash, idempotency_key, request_sha256,
        reverses_event_id
    ) values (
        wrong.portfolio_id, wrong.kind, wrong.happened_at, coalesce(request ->> 'notes', ''), request ->> 'person',
        case when wrong.counts_from_at is null then 1 else wrong.persons_min end, wrong.policy_hash,
        request ->> 'idempotency_key', desk.request_sha256(request), wrong.event_id
    ) returning event_id into new_event_id;
    perform desk.refuse_short_units(request ->> 'portfolio_id', desk.symbols_of_event(new_event_id));
    perform desk.audit(
        request ->> 'person', 'reverse_event', format('event/%s', new_event_id),
        jsonb_build_object('reverses', format('event/%s', wrong.event_id), 'reason', request ->> 'notes')
    );
    return new_event_id;
end
$$;
comment on function desk.reverse_event(jsonb) is 'Takes an event back whole, with a reason, and returns the number of the reversal.';

-- Granted to nobody. The splits of a book that are believed or doubted now.
create function desk.standing_splits(asked_portfolio_id text)
returns table (internal_symbol text, ex_date date, belief text, new_shares bigint, old_shares bigint)
language sql stable
set search_path = pg_catalog, desk, pg_temp
begin atomic
    select said.internal_symbol, said.ex_date, said.belief, said.new_shares, said.old_shares
    from (
        select distinct on (internal_symbol, ex_date) *
        from desk.split_findings
        where portfolio_id = asked_portfolio_id
        order by internal_symbol, ex_date, person is null, finding_id desc
    ) as said
    where said.belief <> 'withdrawn';
end;

-- What companies announce: so many shares for one, one for so many, or a fraction of small numbers. What a vendor writes as
-- 1.253 or 1.998 is a spin-off.
create function desk.is_announced(new_shares numeric, old_shares numeric) returns boolean
language sql immutable parallel safe
return least(new_shares, old_shares) >= 1 and (least(new_shares, old_shares) = 1 or greatest(new_shares, old_shares) <= 21);

-- What a run found of the splits of its book: [{symbol, ex_date, belief, new_shares, old_shares, reason}]. A split is believed
-- only as a vendor told it to the run, in whole shares that a company announces. Vendors date one split a few days apart, and
-- no stock splits twice within a week: so a person's word on one stays above all that is said of the days around it.
create function desk.believe_splits(finding_run_id text, said jsonb) returns setof desk.split_findings
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    run record;
    untold record;
    new_row desk.split_findings;
begin
    select runs.run_id, runs.portfolio_id, runs.data_snapshot_id, runs.universe_hash into run
    from desk.runs where runs.run_id = finding_run_id;
    if not found then
        raise exception 'there is no run %', finding_run_id using errcode = 'foreign_key_violation';
    end if;
    perform from desk.portfolios where portfolio_id = run.portfolio_id for no key update;
    for untold in
        select split ->> 'symbol' as symbol, (split ->> 'ex_date')::date as ex_date
        from jsonb_array_elements(said) as split
        where split ->> 'belief' = 'believed'
            and not desk.is_split_told(
                run.run_id, split ->> 'symbol', (split ->> 'ex_date')::date, (split ->> 'new_shares')::numeric,
                (split ->> 'old_shares')::numeric
            )
    loop
        raise exception 'no vendor told this split of % near %', untold.symbol, untold.ex_date
            using errcode = 'check_violation', constraint = 'split_is_told';
    end loop;
    for new_row in
        insert into desk.split_findings (
            portfolio_id, internal_symbol, ex_date, belief, new_shares, old_shares, reason, run_id
        )
        select
            run.portfolio_id, split ->> 'symbol', (split ->> 'ex_date')::date, split ->> 'belief',
            (split ->> 'new_shares')::bigint, (split ->> 'old_shares')::bigint, split ->> 'reason', run.run_id
        from jsonb_array_elements(said) as split
        left join lateral (
            select standing.belief, standing.new_shares, standing.old_shares
            from desk.split_findings as standing
            where standing.portfolio_id = run.portfolio_id
                and standing.internal_symbol = split ->> 'symbol'
                and standing.ex_date = (split ->> 'ex_date')::date
            order by standing.finding_id desc
            limit 1
        ) as standing on true
        where not exists (
                select from desk.split_findings as word
                where word.portfolio_id = run.portfolio_id
                    and word.internal_symbol = split ->> 'symbol'
                    and abs(word.ex_date - (split ->> 'ex_date')::date) <= 7
                    and word.person is not null
            )
            and (standing.belief, standing.new_shares, standing.old_shares) is distinct from
            (split ->> 'belief', (split ->> 'new_shares')::bigint, (split ->> 'old_shares')::bigint)
            and (standing.belief is not null or split ->> 'belief' <> 'withdrawn')
        returning *
    loop
        perform desk.audit(
            'desk', 'believe_split', format('%s/%s', new_row.internal_symbol, new_row.ex_date),
            jsonb_build_object(
                'belief', new_row.belief, 'new_shares', new_row.new_shares, 'old_shares', new_row.old_shares,
                'reason', new_row.reason, 'run_id', run.run_id
            )
        );
        return next new_row;
    end loop;
    for untold in
        select one.internal_symbol as symbol, one.ex_date, other.ex_date as other_date
        from desk.standing_splits(run.portfolio_id) as one
        inner join desk.standing_splits(run.portfolio_id) as other
            on other.internal_symbol = one.internal_symbol
            and other.ex_date > one.ex_date
            and other.ex_date - one.ex_date <= 5
        where one.belief = 'believed' and other.belief = 'believed'
            and exists (select from jsonb_array_elements(said) as split where split ->> 'symbol' = one.internal_symbol)
        order by one.internal_symbol, one.ex_date
    loop
        raise exception 'a stock splits once a week: % on % or on %', untold.symbol, untold.ex_date, untold.other_date
            using errcode = 'check_violation', constraint = 'split_counts_once';
    end loop;
end
$$;

-- Whether a vendor told a run of such a split within a week of the day, for a name the run's universe has for the stock.
create function desk.is_split_told(
    told_run_id text, symbol text, near_date date, new_shares numeric, old_shares numeric
) returns boolean
language sql stable
set search_path = pg_catalog, desk, pg_temp
return exists (
    select
    from desk.runs as run
    inner join raw.corporate_actions as action
        on action.kind = 'split'
        and action.load_id <= run.data_snapshot_id
        and abs(action.ex_date - near_date) <= 7
    where run.run_id = told_run_id
        and desk.is_announced(new_shares, old_shares)
        and (
            round(new_shares / old_shares, 6) = round(action.value, 6)
            or round(old_shares / new_shares, 6) = round(1 / action.value, 6)
        )
        and (
            exists (
                select from desk.config_universe as universe
                where universe.universe_hash = run.universe_hash
                    and universe.internal_symbol = symbol
                    and action.vendor_symbol in (
                        upper(universe.vendor_symbol), upper(universe.yahoo_symbol),
                        regexp_replace(upper(universe.stooq_symbol), '\.US$', '')
                    )
            )
            or exists (
                select from desk.config_aliases as alias
                where alias.universe_hash = run.universe_hash
                    and alias.internal_symbol = symbol
                    and upper(alias.vendor_symbol) = action.vendor_symbol
            )
        )
);

-- request: {portfolio_id, symbol, ex_date, belief, new_shares, old_shares, person, notes}
create function desk.settle_split(request jsonb) returns bigint
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    new_finding_id bigint;
begin
    perform desk.refuse_bookkeeper(request);
    if not exists (
        select from desk.entries
        where portfolio_id = request ->> 'portfolio_id' and internal_symbol = request ->> 'symbol'
    ) then
        raise exception 'this book never held %', coalesce(request ->> 'symbol', 'a stock without a symbol')
            using errcode = 'check_violation', constraint = 'split_of_a_holding';
    end if;
    if (request ->> 'ex_date')::date > (desk.now() at time zone 'America/New_York')::date then
        raise exception '% is still to come', request ->> 'ex_date'
            using errcode = 'check_violation', constraint = 'split_in_time';
    end if;
    -- What was said of the days around was this split.
    insert into desk.split_findings (portfolio_id, internal_symbol, ex_date, belief, reason, person)
    select
        request ->> 'portfolio_id', internal_symbol, ex_date, 'withdrawn', format('it was on %s', request ->> 'ex_date'),
        request ->> 'person'
    from desk.standing_splits(request ->> 'portfolio_id')
    where request ->> 'belief' = 'believed'
        and internal_symbol = request ->> 'symbol'
        and abs(ex_date - (request ->> 'ex_date')::date) between 1 and 7;
    insert into desk.split_findings (
        portfolio_id, internal_symbol, ex_date, belief, new_shares, old_shares, reason, person
    ) values (
        request ->> 'portfolio_id', request ->> 'symbol', (request ->> 'ex_date')::date, request ->> 'belief',
        (request ->> 'new_shares')::bigint, (request ->> 'old_shares')::bigint, coalesce(request ->> 'notes', ''),
        request ->> 'person'
    ) returning finding_id into new_finding_id;
    perform desk.refuse_short_units(request ->> 'portfolio_id', array[request ->> 'symbol']);
    perform desk.audit(
        request ->> 'person', 'settle_split', format('%s/%s', request ->> 'symbol', request ->> 'ex_date'),
        request - 'person'
    );
    return new_finding_id;
end
$$;
comment on function desk.settle_split(jsonb) is
    'An operator''s word on a split of a holding: believed, or withdrawn; it stands above what runs find within a week of it.';

revoke all on function desk.next_units(numeric, numeric, numeric, numeric, numeric),
    desk.entries_known(text, timestamptz, timestamptz), desk.event_objection(text, jsonb), desk.refuse_bookkeeper(jsonb),
    desk.refuse_short_units(text, text[]), desk.symbols_of_event(bigint),
    desk.standing_splits(text), desk.record_event(jsonb), desk.approve_event(jsonb), desk.reverse_event(jsonb),
    desk.believe_splits(text, jsonb), desk.is_split_told(text, text, date, numeric, numeric), desk.settle_split(jsonb), desk.is_announced(numeric, numeric) from public;
grant execute on function desk.is_announced(numeric, numeric) to desk_dbt, desk_reader;
grant execute on function desk.entries_known(text, timestamptz, timestamptz)
    to desk_dbt, desk_app, desk_planner, desk_reader, desk_backup;
grant execute on function desk.record_event(jsonb), desk.approve_event(jsonb), desk.reverse_event(jsonb),
    desk.settle_split(jsonb) to desk_app, desk_planner;
grant execute on function desk.believe_splits(text, jsonb) to desk_planner;
grant select on desk.run_entries, desk.split_findings to desk_dbt, desk_app, desk_planner, desk_reader, desk_backup;
grant select on desk.ledger_events, desk.ledger_event_legs, desk.ledger_event_approvals, desk.signed_events,
    desk.units_tolerances to desk_dbt, desk_app, desk_planner, desk_reader, desk_backup;
