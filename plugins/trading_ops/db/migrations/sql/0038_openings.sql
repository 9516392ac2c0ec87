-- A book may begin with stocks. What the broker's account held at one instant, cash and positions, is one set that an
-- operator records once. Until the first order is out a wrong set can be taken back whole, and recorded anew.

create table desk.openings (
    opening_id bigint generated always as identity primary key,
    portfolio_id text not null references desk.portfolios (portfolio_id),
    opened_at timestamptz not null,
    cash_movement_id bigint references desk.ledger_cash_movements (movement_id),
    person text not null,
    notes text not null default '',
    idempotency_key text not null unique,
    request_sha256 text not null check (request_sha256 ~ '^[0-9a-f]{64}$'),
    reverses_opening_id bigint unique,
    recorded_at timestamptz not null default desk.now(),
    created_at timestamptz not null default desk.now(),
    constraint opened_in_time check (opened_at > '2000-01-01' and opened_at <= recorded_at),
    unique (opening_id, portfolio_id, opened_at),
    constraint reverses_the_same_book foreign key (reverses_opening_id, portfolio_id, opened_at)
        references desk.openings (opening_id, portfolio_id, opened_at)
);
comment on table desk.openings is
    'What a broker''s account held when its book began. A row with reverses_opening_id takes that set back whole.';
comment on column desk.openings.opened_at is 'The instant the account held it; a later split moves its units.';
comment on column desk.openings.cash_movement_id is 'The deposit its cash was booked as; null without cash.';

create table desk.opening_positions (
    opening_id bigint not null references desk.openings (opening_id),
    internal_symbol text not null,
    units desk.units not null check (units > 0),
    cost_gbp desk.money not null check (cost_gbp >= 0),
    held_since_date date check (held_since_date > '1900-01-01'),
    primary key (opening_id, internal_symbol)
);
comment on table desk.opening_positions is 'The stocks of an opening, what they had cost, and since when they were held.';

call desk.make_append_only('desk.openings');
call desk.make_append_only('desk.opening_positions');

create view desk.signed_openings as
select
    opening.opening_id, opening.portfolio_id, position.internal_symbol,
    case when opening.reverses_opening_id is null then 1 else -1 end * position.units as units_delta,
    opening.opened_at, opening.recorded_at
from desk.openings as opening
inner join desk.opening_positions as position
    on position.opening_id = coalesce(opening.reverses_opening_id, opening.opening_id);
comment on view desk.signed_openings is 'Stocks a book came with; negative units take a wrong set back.';

create or replace view desk.entries as
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
select portfolio_id, 'opening', internal_symbol, opened_at, recorded_at, units_delta, 0
from desk.signed_openings
union all
select portfolio_id, kind, null, occurred_at, recorded_at, 0, amount_gbp
from desk.ledger_cash_movements;

-- What is held is told by the entries, and by nothing beside them.
create or replace view desk.positions_now as
select portfolio_id, internal_symbol, sum(units_delta) as units
from desk.entries
where internal_symbol is not null
group by portfolio_id, internal_symbol;

-- A fill or opening that was taken back is nothing at its own instant.
create or replace view inv.c1_units_never_negative as
select portfolio_id, internal_symbol, happened_at, running_units
from (
    select
        portfolio_id, internal_symbol, happened_at,
        sum(sum(units_delta)) over (partition by portfolio_id, internal_symbol order by happened_at) as running_units
    from desk.entries
    where internal_symbol is not null
    group by portfolio_id, internal_symbol, happened_at
) as running
where running_units < 0;

create or replace view desk.recorded_requests as
select 'confirmation' as kind, confirmation_id as record_id, idempotency_key, request_sha256 from desk.confirmations
union all
select 'snapshot', snapshot_id, idempotency_key, request_sha256 from desk.broker_snapshots
union all
select 'cash_movement', movement_id, idempotency_key, request_sha256 from desk.ledger_cash_movements
union all
select 'opening', opening_id, idempotency_key, request_sha256 from desk.openings;

-- Granted to nobody. Who may say what a book began with, and until when. Under the portfolio's lock, which a TRADE takes
-- as well, so that none comes in between.
create function desk.refuse_opening(request jsonb) returns void
language plpgsql
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    first_ticket_id text;
begin
    if not exists (select from desk.people where person_id = request ->> 'person' and role = 'operator') then
        raise exception '% is no operator: only an operator says what the book began with',
            coalesce(request ->> 'person', 'nobody')
            using errcode = 'check_violation', constraint = 'operator_opens';
    end if;
    perform from desk.portfolios where portfolio_id = request ->> 'portfolio_id' for no key update;
    if not found then
        raise exception 'there is no book %', coalesce(request ->> 'portfolio_id', 'without a name')
            using errcode = 'foreign_key_violation';
    end if;
    select ticket_id into first_ticket_id
    from desk.tickets
    where portfolio_id = request ->> 'portfolio_id' and kind = 'TRADE'
    order by issued_at limit 1;
    if found then
        raise exception 'the first orders of this book are out (ticket %): what it began with stays as it is', first_ticket_id
            using errcode = 'check_violation', constraint = 'opens_before_orders';
    end if;
end
$$;

-- Granted to nobody. The opening of a book that was not taken back, or null.
create function desk.opening_of(asked_portfolio_id text) returns bigint
language sql stable
set search_path = pg_catalog, desk, pg_temp
return (
    select opening.opening_id
    from desk.openings as opening
    where opening.portfolio_id = asked_portfolio_id
        and opening.reverses_opening_id is null
        and not exists (select from desk.openings as later where later.reverses_opening_id = opening.opening_id)
);

-- Granted to nobody. Why a position cannot be one, or null.
create function desk.opening_objection(held jsonb, opened_at timestamptz) returns text
language sql stable
set search_path = pg_catalog, desk, pg_temp
return case
    when not exists (
        select from desk.config_universe as universe
        inner join desk.universe_versions as version
            on version.universe_hash = universe.universe_hash and version.is_active
        where universe.internal_symbol = held ->> 'symbol'
    ) then 'the universe in use has no ' || coalesce(held ->> 'symbol', 'stock without a symbol')
    -- NaN is above every number, and a missing one is no answer.
    when ((held ->> 'units')::numeric > 0 and (held ->> 'units')::numeric < 1e12) is not true
        then format('%s units of %s are none', coalesce(held ->> 'units', 'no'), held ->> 'symbol')
    when ((held ->> 'cost_gbp')::numeric >= 0 and (held ->> 'cost_gbp')::numeric < 1e12) is not true
        then format('%s cannot have cost %s GBP', held ->> 'symbol', coalesce(held ->> 'cost_gbp', 'unknown'))
    when (held ->> 'held_since')::date > (opened_at at time zone 'America/New_York')::date
        then format('%s is held since %s, after the opening', held ->> 'symbol', held ->> 'held_since')
end;

-- request: {portfolio_id, person, opened_at, cash_gbp, idempotency_key,
--           positions: [{symbol, units, cost_gbp, held_since}]}
create function desk.record_opening(request jsonb) returns bigint
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    earlier_id bigint;
    standing_id bigint;
    objection text;
    new_opening_id bigint;
    new_movement_id bigint;
    begun_at constant timestamptz := request ->> 'opened_at';
    cash_gbp constant numeric := coalesce((request ->> 'cash_gbp')::numeric, 0);
    positions constant jsonb := coalesce(request -> 'positions', '[]');
begin
    earlier_id := desk.earlier_record('opening', request ->> 'portfolio_id', request);
    if earlier_id is not null then
        return earlier_id;
    end if;
    perform desk.refuse_opening(request);
    standing_id := desk.opening_of(request ->> 'portfolio_id');
    if standing_id is not null then
        raise exception 'this book has its opening already (opening/%): take it back first', standing_id
            using errcode = 'check_violation', constraint = 'one_opening_stands';
    end if;
    if (begun_at > '2000-01-01' and begun_at <= desk.now()) is not true then
        raise exception 'the opening holds at %, and now it is %', coalesce(begun_at::text, 'no instant'), desk.now()
            using errcode = 'check_violation', constraint = 'opened_in_time';
    end if;
    if (cash_gbp >= 0 and cash_gbp < 1e12) is not true then
        raise exception 'a book cannot begin with % GBP', cash_gbp
            using errcode = 'check_violation', constraint = 'opening_cash_is_there';
    end if;
    if cash_gbp = 0 and jsonb_array_length(positions) = 0 then
        raise exception 'an opening holds cash or a stock' using errcode = 'check_violation';
    end if;
    select min(desk.opening_objection(position, begun_at)) into objection from jsonb_array_elements(positions) as position;
    if objection is not null then
        raise exception '%', objection using errcode = 'check_violation', constraint = 'opening_positions_are_there';
    end if;

    if cash_gbp > 0 then
        new_movement_id := desk.record_cash_movement(jsonb_build_object(
            'portfolio_id', request ->> 'portfolio_id', 'person', request ->> 'person', 'kind', 'deposit',
            'amount_gbp', request ->> 'cash_gbp', 'occurred_at', begun_at, 'notes', 'opening cash',
            'idempotency_key', 'cash of ' || (request ->> 'idempotency_key')
        ));
    end if;
    insert into desk.openings (portfolio_id, opened_at, cash_movement_id, person, idempotency_key, request_sha256)
    values (
        request ->> 'portfolio_id', begun_at, new_movement_id, request ->> 'person', request ->> 'idempotency_key',
        desk.request_sha256(request)
    ) returning opening_id into new_opening_id;
    insert into desk.opening_positions (opening_id, internal_symbol, units, cost_gbp, held_since_date)
    select
        new_opening_id, position ->> 'symbol', (position ->> 'units')::numeric, (position ->> 'cost_gbp')::numeric,
        (position ->> 'held_since')::date
    from jsonb_array_elements(positions) as position;
    perform desk.audit(
        request ->> 'person', 'record_opening', format('opening/%s', new_opening_id),
        jsonb_build_object('opened_at', begun_at, 'cash_gbp', cash_gbp::text, 'positions', positions)
    );
    return new_opening_id;
end
$$;
comment on function desk.record_opening(jsonb) is
    'Records once what a book begins with, cash and stocks of one instant, and returns its number.';

-- request: {portfolio_id, person, notes, idempotency_key}
create function desk.reverse_opening(request jsonb) returns bigint
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    earlier_id bigint;
    wrong record;
    new_opening_id bigint;
    split record;
begin
    earlier_id := desk.earlier_record('opening', request ->> 'portfolio_id', request);
    if earlier_id is not null then
        return earlier_id;
    end if;
    perform desk.refuse_opening(request);
    if length(trim(coalesce(request ->> 'notes', ''))) = 0 then
        raise exception 'an opening is taken back for a reason' using errcode = 'check_violation';
    end if;
    select opening_id, opened_at, cash_movement_id into wrong
    from desk.openings
    where opening_id = desk.opening_of(request ->> 'portfolio_id');
    if not found then
        raise exception 'this book has no opening to take back' using errcode = 'check_violation';
    end if;
    -- A posted split stays, and without the units it was made of it would leave shares nobody has.
    select action.internal_symbol, action.ex_date into split
    from desk.opening_positions as position
    inner join desk.ledger_corporate_actions as action
        on action.portfolio_id = request ->> 'portfolio_id' and action.internal_symbol = position.internal_symbol
    where position.opening_id = wrong.opening_id
    limit 1;
    if found then
        raise exception 'the split of % on % is booked on these units: a new desk is the way to other ones',
            split.internal_symbol, split.ex_date
            using errcode = 'check_violation', constraint = 'no_split_is_booked';
    end if;
    insert into desk.openings (portfolio_id, opened_at, person, notes, idempotency_key, request_sha256, reverses_opening_id)
    values (
        request ->> 'portfolio_id', wrong.opened_at, request ->> 'person', request ->> 'notes',
        request ->> 'idempotency_key', desk.request_sha256(request), wrong.opening_id
    ) returning opening_id into new_opening_id;
    -- The page may have taken the cash back already.
    if wrong.cash_movement_id is not null
        and not exists (
            select from desk.ledger_cash_movements where reverses_movement_id = wrong.cash_movement_id
        ) then
        perform desk.reverse_cash_movement(
            (request - 'idempotency_key') || jsonb_build_object(
                'movement_id', wrong.cash_movement_id, 'idempotency_key', 'cash of ' || (request ->> 'idempotency_key')
            )
        );
    end if;
    perform desk.audit(
        request ->> 'person', 'reverse_opening', format('opening/%s', new_opening_id),
        jsonb_build_object('reverses', format('opening/%s', wrong.opening_id), 'reason', request ->> 'notes')
    );
    return new_opening_id;
end
$$;
comment on function desk.reverse_opening(jsonb) is
    'Takes the opening of a book back whole, before its first orders are out, and returns the number of the reversal.';

revoke all on function desk.refuse_opening(jsonb), desk.opening_of(text), desk.opening_objection(jsonb, timestamptz),
    desk.record_opening(jsonb), desk.reverse_opening(jsonb) from public;
grant execute on function desk.record_opening(jsonb), desk.reverse_opening(jsonb) to desk_planner;
grant select on desk.openings, desk.opening_positions, desk.signed_openings
    to desk_app, desk_planner, desk_reader, desk_backup;
grant select on desk.signed_openings to desk_dbt;
