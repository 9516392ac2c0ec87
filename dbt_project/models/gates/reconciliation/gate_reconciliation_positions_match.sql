-- Are the units of every position the ledger's, within the policy's tolerance, in both directions?
-- A holding the broker no longer shows counts as zero units there. Blocks when there is no snapshot, or when
-- it has not as many positions as it says: a form cut short must not look like a sale.
with run as (
    select * from {{ ref('stg_desk__runs') }}
),

snapshot as (
    select run_id, snapshot.positions_count, count(position.broker_symbol) as found_count
    from {{ ref('stg_desk__broker_snapshots') }} as snapshot
    left join {{ ref('stg_desk__broker_snapshot_positions') }} as position using (run_id)
    group by run_id, snapshot.positions_count
),

compared as (
    select
        run_id,
        count(*) filter (where not is_within_tolerance) as outside_count,
        string_agg(
            format(
                '%s %s in the ledger, %s at the broker',
                subject, {{ plain('ledger_value') }}, {{ plain('snapshot_value') }}
            ),
            '; ' order by subject
        ) filter (where not is_within_tolerance) as differences,
        string_agg(subject, ', ' order by subject) filter (where not is_within_tolerance) as symbols
    from {{ ref('drift') }}
    where subject <> 'CASH'
    group by run_id
),

-- The cash row shows that the comparison was made even when there is no position on either side.
made as (
    select distinct run_id from {{ ref('drift') }} where subject = 'CASH'
),

weighed as (
    select
        run.run_id,
        snapshot.positions_count,
        snapshot.found_count,
        compared.differences,
        compared.symbols,
        case
            when positions_count <> found_count then abs(positions_count - found_count)
            when made.run_id is not null then coalesce(compared.outside_count, 0)
        end as outside_count
    from run
    left join snapshot on snapshot.run_id = run.run_id
    left join made on made.run_id = run.run_id
    left join compared on compared.run_id = run.run_id
)

select
    {{ verdict(
        'reconciliation', 'positions_match',
        observed='outside_count', limit='0', is_clear='outside_count = 0'
    ) }},
    case
        when positions_count <> found_count then
            format('the broker snapshot names %s positions and carries %s', positions_count, found_count)
        when outside_count is null then 'no broker snapshot was compared'
        when outside_count = 0 then 'every position is within tolerance'
        else differences
    end as reason,
    case
        when outside_count = 0 then ''
        when outside_count is null or positions_count <> found_count then
            'Record a broker snapshot on the confirm page.'
        else format('Book what explains %s (see the page Cases), then record a snapshot.', symbols)
    end as fix
from weighed
