-- The newest broker snapshot against the ledger as it was at the instant the snapshot was taken.
-- One row for cash and one for every symbol that either side has, so nothing can vanish unseen.
with snapshot as (
    select
        *,
        {{ policy_limit('reconciliation.cash_drift_gbp_max') }} as cash_drift_gbp_max,
        {{ policy_limit('reconciliation.cash_drift_ratio_max') }} as cash_drift_ratio_max,
        {{ policy_limit('reconciliation.position_drift_units_max') }} as position_drift_units_max,
        {{ policy_limit('reconciliation.position_drift_ratio_max') }} as position_drift_ratio_max
    from {{ ref('stg_desk__broker_snapshots') }}
),

universe as (
    select * from {{ ref('stg_desk__universe') }}
),

-- A person types a symbol or the name the broker's search shows.
names as (
    select internal_symbol, upper(internal_symbol) as broker_name, 1 as name_rank from universe
    union all
    select internal_symbol, upper(vendor_symbol), 2 from universe
    union all
    select internal_symbol, upper(etoro_search_name), 3 from universe
),

-- A name two instruments share is no name.
known_names as (
    select distinct on (broker_name)
        broker_name,
        case
            when count(distinct internal_symbol) = 1 then min(internal_symbol)
        end as internal_symbol
    from names
    group by broker_name, name_rank
    order by broker_name, name_rank
),

shown as (
    select
        position.run_id,
        coalesce(known_names.internal_symbol, trim(position.broker_symbol)) as subject,
        bool_and(known_names.internal_symbol is not null) as is_known,
        sum(position.units) as snapshot_value
    from {{ ref('stg_desk__broker_snapshot_positions') }} as position
    left join known_names on known_names.broker_name = upper(trim(position.broker_symbol))
    group by position.run_id, coalesce(known_names.internal_symbol, trim(position.broker_symbol))
),

entries_before as (
    select entries.*
    from {{ ref('int_ledger__entries') }} as entries
    inner join snapshot on snapshot.run_id = entries.run_id
    where entries.happened_at <= snapshot.taken_at
),

booked as (
    select run_id, internal_symbol as subject, sum(units_delta) as ledger_value
    from entries_before
    where internal_symbol is not null
    group by run_id, internal_symbol
    having sum(units_delta) <> 0
),

compared as (
    select
        snapshot.run_id,
        snapshot.snapshot_id,
        'CASH' as subject,
        (select coalesce(sum(cash_delta_gbp), 0) from entries_before) as ledger_value,
        snapshot.cash_gbp as snapshot_value,
        true as is_known,
        snapshot.cash_drift_gbp_max as absolute_max,
        snapshot.cash_drift_ratio_max as ratio_max
    from snapshot

    union all

    select
        snapshot.run_id,
        snapshot.snapshot_id,
        subject,
        coalesce(booked.ledger_value, 0),
        coalesce(shown.snapshot_value, 0),
        -- A holding the broker no longer shows is known by the ledger, but only the universe says what it is.
        coalesce(shown.is_known, exists (
            select from universe where universe.internal_symbol = booked.subject
        )),
        snapshot.position_drift_units_max,
        snapshot.position_drift_ratio_max
    from booked
    full join shown using (run_id, subject)
    inner join snapshot using (run_id)
),

tolerated as (
    select
        *,
        snapshot_value - ledger_value as drift_value,
        -- Half a tolerance is none: greatest() would pass over the missing one.
        case
            when absolute_max is not null and ratio_max is not null
                then trim_scale(greatest(absolute_max, ratio_max * abs(ledger_value)))
        end as tolerance_value
    from compared
)

select
    run_id,
    snapshot_id,
    subject,
    ledger_value,
    snapshot_value,
    drift_value,
    tolerance_value,
    coalesce(is_known and abs(drift_value) <= tolerance_value, false) as is_within_tolerance,
    is_known
from tolerated
