-- What people typed, held against the books, and against the market.

-- The books against one picture of the broker's account, row by row: what the gate's objections are made of is what the
-- page shows, so that nobody is told one thing and stopped by another.

-- A row is cash or a symbol that either side has. A name two instruments share is no name, and half a tolerance is none,
-- as in dbt's model drift.
create function desk.snapshot_compared(
    compared_snapshot_id bigint, known_at timestamptz, tolerated_policy_hash text, named_universe_hash text
) returns table (subject text, is_known boolean, shown_value numeric, booked_value numeric, tolerance_value numeric)
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

    -- A split is believed at night for shares the broker shows already.
    entries as (
        select entry.*
        from snapshot
        cross join lateral desk.entries_known(snapshot.portfolio_id, known_at, 'infinity') as entry
        where entry.happened_at <= snapshot.taken_at
    ),

    booked as (
        select internal_symbol, sum(units_delta) as units
        from entries
        where internal_symbol is not null
        group by internal_symbol
        having sum(units_delta) <> 0
    ),

    names as (
        select
            named.broker_name, universe.internal_symbol,
            named.name_rank = min(named.name_rank) over (partition by named.broker_name) as is_first
        from desk.config_universe as universe
        cross join lateral (
            values
                (upper(universe.internal_symbol), 1),
                (upper(universe.vendor_symbol), 2),
                (upper(universe.etoro_search_name), 3)
        ) as named (broker_name, name_rank)
        where universe.universe_hash = named_universe_hash
    ),

    known_names as (
        select broker_name, min(internal_symbol) as internal_symbol
        from names
        where is_first
        group by broker_name
        having count(distinct internal_symbol) = 1
    ),

    shown as (
        select
            coalesce(known.internal_symbol, trim(position.broker_symbol)) as internal_symbol,
            bool_and(known.internal_symbol is not null) as is_known,
            sum(position.units) as units
        from desk.broker_snapshot_positions as position
        left join known_names as known on known.broker_name = upper(trim(position.broker_symbol))
        where position.snapshot_id = compared_snapshot_id
        group by coalesce(known.internal_symbol, trim(position.broker_symbol))
    )

    select
        'CASH', true, snapshot.cash_gbp, coalesce(cash.gbp, 0),
        case
            when limits.cash_gbp_max is not null and limits.cash_ratio_max is not null
                then greatest(limits.cash_gbp_max, limits.cash_ratio_max * abs(coalesce(cash.gbp, 0)))
        end
    from snapshot
    cross join limits
    cross join (select sum(cash_delta_gbp) as gbp from entries) as cash

    union all

    select
        coalesce(shown.internal_symbol, booked.internal_symbol),
        coalesce(shown.is_known, exists (
            select from desk.config_universe as universe
            where universe.universe_hash = named_universe_hash
                and universe.internal_symbol = booked.internal_symbol
        )),
        coalesce(shown.units, 0),
        coalesce(booked.units, 0),
        case
            when limits.units_max is not null and limits.units_ratio_max is not null
                then greatest(limits.units_max, limits.units_ratio_max * abs(coalesce(booked.units, 0)))
        end
    from booked
    full join shown on shown.internal_symbol = booked.internal_symbol
    cross join limits;
end;
comment on function desk.snapshot_compared(bigint, timestamptz, text, text) is
    'A broker snapshot beside the books at its instant, as far as they were known at another, and what is tolerated.';
revoke all on function desk.snapshot_compared(bigint, timestamptz, text, text) from public;
grant execute on function desk.snapshot_compared(bigint, timestamptz, text, text) to desk_app;

-- As before, made of those rows.
create or replace function desk.snapshot_objections(
    compared_snapshot_id bigint, known_at timestamptz, tolerated_policy_hash text, named_universe_hash text
) returns table (check_name text, objection text)
language sql stable
set search_path = pg_catalog, desk, pg_temp
begin atomic
    with outside as (
        select subject, shown_value - booked_value as drift_value
        from desk.snapshot_compared(compared_snapshot_id, known_at, tolerated_policy_hash, named_universe_hash)
        where not coalesce(abs(shown_value - booked_value) <= tolerance_value, false)
    ),

    later as (
        select count(*) as entries_count
        from desk.broker_snapshots as snapshot
        inner join desk.entries as entry
            on entry.portfolio_id = snapshot.portfolio_id
            and (entry.happened_at > snapshot.taken_at or entry.recorded_at > snapshot.recorded_at)
        where snapshot.snapshot_id = compared_snapshot_id and entry.recorded_at <= known_at
    )

    select
        'snapshot_after_last_entry',
        format('%s entries of the books are newer than the newest broker snapshot', entries_count)
    from later
    where entries_count > 0

    union all

    select 'cash_matches', format('the books and the broker differ by %s GBP', round(drift_value, 2))
    from outside
    where subject = 'CASH'

    union all

    select 'positions_match', format('%s positions differ between the books and the broker', count(*))
    from outside
    where subject <> 'CASH'
    having count(*) > 0;
end;

-- What a run found of each fill beside the market of its day. dbt computes it, the planner hands it over as rows, and
-- the page shows the newest; an expected value and its verdict are null while there is no rate.
create table desk.fill_findings (
    finding_id bigint generated always as identity primary key,
    run_id text not null references desk.runs (run_id),
    fill_id bigint not null references desk.ledger_trades_fills (fill_id),
    low_usd desk.price not null,
    high_usd desk.price not null,
    expected_value_gbp desk.money,
    is_price_in_range boolean not null,
    is_in_session boolean not null,
    is_in_window boolean not null,
    is_value_plausible boolean,
    created_at timestamptz not null default desk.now(),
    unique (run_id, fill_id)
);
comment on table desk.fill_findings is
    'A fill beside its session''s bar and hours, its ticket''s window and the day''s rate; the newest row counts.';
call desk.make_append_only('desk.fill_findings');
create index fill_findings_of_a_fill on desk.fill_findings (fill_id, finding_id);
grant insert, select on desk.fill_findings to desk_planner;
grant select on desk.fill_findings to desk_app, desk_reader, desk_backup;
