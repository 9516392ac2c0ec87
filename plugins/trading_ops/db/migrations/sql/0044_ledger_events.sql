-- What happens to an account beside ticket lines and plain cash: trades outside a ticket, dividends of a stock, corporate
-- events, transfers, corrections. An event is one row of facts and its legs: units out, units in, cash. It is taken back by
-- an event of its own, and counts once as many operators stand for it as the policy in use asks for.

create domain desk.dollars as numeric check (value > -1e12 and value < 1e12 and value = round(value, 2));
comment on domain desk.dollars is 'An amount in US dollars, in whole cents.';

create table desk.ledger_events (
    event_id bigint generated always as identity primary key,
    portfolio_id text not null references desk.portfolios (portfolio_id),
    kind text not null check (kind in (
        'trade', 'dividend', 'cash_in_lieu', 'spin_off', 'merger', 'exchange', 'delisting', 'transfer', 'air_drop',
        'fx_conversion', 'correction'
    )),
    happened_at timestamptz not null,
    notes text not null check (length(trim(notes)) > 0 and length(notes) <= 2000),
    document text not null default '' check (length(document) <= 200),
    person text not null,
    persons_min integer not null check (persons_min in (1, 2)),
    policy_hash text references desk.config_policy (policy_hash),
    idempotency_key text not null unique,
    request_sha256 text not null check (request_sha256 ~ '^[0-9a-f]{64}$'),
    reverses_event_id bigint unique,
    recorded_at timestamptz not null default desk.now(),
    created_at timestamptz not null default desk.now(),
    constraint happened_in_time check (happened_at > '2000-01-01' and happened_at <= recorded_at),
    unique (event_id, portfolio_id, kind, happened_at),
    constraint reverses_the_same_event foreign key (reverses_event_id, portfolio_id, kind, happened_at)
        references desk.ledger_events (event_id, portfolio_id, kind, happened_at)
);
comment on table desk.ledger_events is
    'What happened to an account beside ticket lines. A row with reverses_event_id takes that event back whole.';
comment on column desk.ledger_events.persons_min is 'How many operators the policy asks for; with 2 it counts once approved.';
comment on column desk.ledger_events.policy_hash is 'The policy in use when it was recorded; its tolerance closes a sale.';
comment on column desk.ledger_events.document is 'Where it can be read: the broker''s notice, a statement''s row.';

create table desk.ledger_event_legs (
    event_id bigint not null references desk.ledger_events (event_id),
    leg_number integer not null check (leg_number >= 1),
    internal_symbol text,
    units_delta desk.units not null default 0,
    cash_gbp desk.money not null default 0,
    fee_gbp desk.money not null default 0 check (fee_gbp >= 0),
    withheld_gbp desk.money not null default 0 check (withheld_gbp >= 0),
    cost_gbp desk.money not null default 0,
    amount_usd desk.dollars,
    primary key (event_id, leg_number),
    constraint units_are_of_a_stock check (internal_symbol is not null or (units_delta = 0 and cost_gbp = 0)),
    constraint leg_moves_something check (units_delta <> 0 or cash_gbp <> 0 or cost_gbp <> 0)
);
comment on column desk.ledger_event_legs.cash_gbp is 'Pounds into the account, net: after fee and after tax withheld.';
comment on column desk.ledger_event_legs.cost_gbp is 'What the units that came had cost, or the cost that leaves a holding.';
comment on column desk.ledger_event_legs.amount_usd is 'The net amount before it was converted; the rate is that of the entry.';

create table desk.ledger_event_approvals (
    event_id bigint primary key references desk.ledger_events (event_id),
    person text not null,
    created_at timestamptz not null default desk.now()
);
comment on table desk.ledger_event_approvals is 'The second operator who stands for an event.';

call desk.make_append_only('desk.ledger_events');
call desk.make_append_only('desk.ledger_event_legs');
call desk.make_append_only('desk.ledger_event_approvals');

-- Since when an event counts, and since when it no longer does; null while it waits for its second operator. What takes a
-- waiting event back is nothing either.
create view desk.signed_events as
with complete as (
    select
        event.*,
        case event.persons_min when 1 then event.recorded_at else approval.created_at end as complete_at
    from desk.ledger_events as event
    left join desk.ledger_event_approvals as approval on approval.event_id = event.event_id
)

select
    event.event_id, event.portfolio_id, event.kind, event.happened_at, event.policy_hash, event.reverses_event_id,
    case when event.reverses_event_id is null then 1 else -1 end as sign,
    case
        when event.reverses_event_id is null or original.complete_at is not null then event.complete_at
    end as counts_from_at,
    reversal.event_id as reversed_by_id,
    reversal.complete_at as reversal_counts_from_at
from complete as event
left join complete as original on original.event_id = event.reverses_event_id
left join complete as reversal on reversal.reverses_event_id = event.event_id;
comment on view desk.signed_events is
    'Events with their sign: +1 what happened, -1 what takes an event back; and since when each counts.';

create or replace view desk.recorded_requests as
select 'confirmation' as kind, confirmation_id as record_id, idempotency_key, request_sha256 from desk.confirmations
union all
select 'snapshot', snapshot_id, idempotency_key, request_sha256 from desk.broker_snapshots
union all
select 'cash_movement', movement_id, idempotency_key, request_sha256 from desk.ledger_cash_movements
union all
select 'opening', opening_id, idempotency_key, request_sha256 from desk.openings
union all
select 'event', event_id, idempotency_key, request_sha256 from desk.ledger_events;

-- Granted to nobody. Why legs cannot be those of an event of their kind, or null.
create function desk.event_objection(event_kind text, legs jsonb) returns text
language sql stable
set search_path = pg_catalog, desk, pg_temp
begin atomic
    with leg as (
        select
            body ->> 'symbol' as symbol,
            coalesce((body ->> 'units')::numeric, 0) as units,
            coalesce((body ->> 'cash_gbp')::numeric, 0) as cash_gbp,
            coalesce((body ->> 'fee_gbp')::numeric, 0) as fee_gbp,
            coalesce((body ->> 'cost_gbp')::numeric, 0) as cost_gbp,
            coalesce((body ->> 'withheld_gbp')::numeric, 0) as withheld_gbp
        from jsonb_array_elements(legs) as body
    ),

    counted as (
        select
            count(*) as legs_count,
            count(*) filter (where symbol is null) as cash_legs_count,
            count(*) filter (where units < 0) as out_count,
            count(*) filter (where units > 0) as in_count,
            count(*) filter (where cash_gbp < 0) as paid_count,
            count(*) filter (where units = 0 and cash_gbp = 0 and cost_gbp = 0) as empty_count,
            count(*) filter (where units * cash_gbp > 0) as same_way_count,
            count(distinct symbol) as symbols_count,
            count(*) filter (where units <> 0 and cost_gbp < 0) as costless_count,
            count(distinct symbol) filter (where units < 0) + count(distinct symbol) filter (where units > 0)
                > count(distinct symbol) filter (where units <> 0) as is_of_itself,
            coalesce(sum(cash_gbp), 0) as cash_gbp,
            coalesce(sum(fee_gbp), 0) as fee_gbp,
            coalesce(sum(withheld_gbp), 0) as withheld_gbp,
            coalesce(sum(cost_gbp), 0) as cost_gbp,
            bool_or(greatest(abs(units), abs(cash_gbp), abs(cost_gbp)) >= 1e12) as is_endless
        from leg
    )

    select case
        when legs_count = 0 or empty_count > 0 then 'an event moves units, cash or cost'
        when is_endless then 'no such amount exists'
        when withheld_gbp <> 0 and event_kind <> 'dividend' then 'tax is withheld from a dividend'
        when fee_gbp <> 0 and event_kind <> 'trade' then 'a fee beside a trade is a cash movement of its own'
        when cost_gbp <> 0 and event_kind not in ('spin_off', 'transfer', 'air_drop')
            then format('the cost of a %s follows from its entries', event_kind)
        when costless_count > 0 then 'units have no cost below nothing'
        when event_kind = 'trade' and (legs_count, cash_legs_count, out_count + in_count, same_way_count) <> (1, 0, 1, 0)
            or event_kind = 'trade' and cash_gbp = 0
            then 'a trade is one stock: units in for cash out, or units out for cash in'
        when event_kind = 'dividend' and ((legs_count, cash_legs_count, out_count, in_count) <> (1, 0, 0, 0) or cash_gbp <= 0)
            then 'a dividend is cash in, of one stock, after tax'
        when event_kind = 'cash_in_lieu' and ((legs_count, cash_legs_count, in_count) <> (1, 0, 0) or cash_gbp <= 0)
            then 'cash in lieu is cash in for the fraction of a share that goes'
        when event_kind = 'spin_off'
            and ((legs_count, symbols_count, in_count, out_count, cost_gbp) <> (2, 2, 1, 0, 0) or paid_count > 0)
            then 'a spin-off brings units of a new stock, and what they cost leaves the old one'
        when event_kind = 'merger' and (out_count = 0 or in_count = 0 and cash_gbp <= 0 or paid_count > 0 or is_of_itself)
            then 'a merger takes units out, for units of another stock, for cash, or for both'
        when event_kind = 'exchange' and ((legs_count, out_count, in_count, symbols_count) <> (2, 1, 1, 2) or cash_gbp <> 0)
            then 'an exchange is units out of one stock and units in of another, without cash'
        when event_kind = 'delisting' and ((legs_count, out_count) <> (1, 1) or paid_count > 0)
            then 'a delisting takes all units of one stock out, perhaps for cash'
        when event_kind = 'transfer' and (out_count + in_count <> legs_count or cash_gbp <> 0 or paid_count > 0)
            then 'a transfer moves units, and no cash: a transfer of cash is a deposit or a withdrawal'
        when event_kind = 'air_drop' and ((legs_count, in_count) <> (1, 1) or cash_gbp <> 0)
            then 'an air drop brings units of one stock, without cash'
        when event_kind = 'fx_conversion' and ((legs_count, cash_legs_count) <> (1, 1) or cash_gbp = 0)
            then 'a conversion is what it cost or brought in pounds'
        when event_kind = 'correction' and legs_count <> 1 then 'a correction is one stock or cash'
    end
    from counted;
end;

-- Granted to nobody. Refuses who is no operator, and takes the portfolio's lock, which a TRADE takes as well.
create function desk.refuse_bookkeeper(request jsonb) returns void
language plpgsql
set search_path = pg_catalog, desk, pg_temp
as $$
begin
    if not exists (select from desk.people where person_id = request ->> 'person' and role = 'operator') then
        raise exception '% is no operator: only an operator books this', coalesce(request ->> 'person', 'nobody')
            using errcode = 'check_violation', constraint = 'operator_books';
    end if;
    perform from desk.portfolios where portfolio_id = request ->> 'portfolio_id' for no key update;
    if not found then
        raise exception 'there is no book %', coalesce(request ->> 'portfolio_id', 'without a name')
            using errcode = 'foreign_key_violation';
    end if;
end
$$;

-- Waits for whoever is writing to a book, and keeps all others out until the transaction ends: a plan that is frozen then
-- knows every entry recorded before it.
create function desk.lock_book(asked_portfolio_id text) returns void
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
begin
    perform from desk.portfolios where portfolio_id = asked_portfolio_id for update;
end
$$;
revoke all on function desk.lock_book(text) from public;
grant execute on function desk.lock_book(text) to desk_planner;
