-- Does the comparison with the broker hold everything that either side has, and is it measured as it says?
-- Red ends build_book: nothing is sized, and the ticket is a NO-TRADE that names the step. A full build skips
-- gate_reconciliation_positions_match and with it the verdicts; a verdict that is missing blocks.
-- Says nothing about how wide a tolerance is; the policy does.
with snapshot as (
    select * from {{ ref('stg_desk__broker_snapshots') }}
),

drift as (
    select * from {{ ref('drift') }}
),

entries as (
    select entries.*
    from {{ ref('int_ledger__entries') }} as entries
    inner join snapshot on entries.happened_at <= snapshot.taken_at
),

booked as (
    select internal_symbol as subject, sum(units_delta) as units
    from entries
    where internal_symbol is not null
    group by internal_symbol
    having sum(units_delta) <> 0
),

positions as (
    select * from drift where subject <> 'CASH'
),

compared as (
    select
        'drift is snapshot less ledger' as identity,
        subject,
        drift_value as found,
        snapshot_value - ledger_value as expected
    from drift

    union all

    select
        'within tolerance is a known drift no larger than it',
        subject,
        is_within_tolerance::integer,
        coalesce(is_known and abs(drift_value) <= tolerance_value, false)::integer
    from drift

    union all

    select 'the broker''s cash is the snapshot''s', 'CASH', cash.snapshot_value, snapshot.cash_gbp
    from snapshot
    left join drift as cash on cash.subject = 'CASH'

    union all

    select
        'the ledger''s cash is the sum of the entries',
        'CASH',
        cash.ledger_value,
        (select coalesce(sum(cash_delta_gbp), 0) from entries)
    from snapshot
    left join drift as cash on cash.subject = 'CASH'

    union all

    select
        'the ledger''s units are the sum of the entries',
        subject,
        positions.ledger_value,
        coalesce(booked.units, 0)
    from positions
    full join booked using (subject)

    union all

    select
        'the broker''s units are all there',
        'all positions',
        (select coalesce(sum(snapshot_value), 0) from positions),
        coalesce(sum(units), 0)
    from {{ ref('stg_desk__broker_snapshot_positions') }}
)

select * from compared
where found is distinct from expected
