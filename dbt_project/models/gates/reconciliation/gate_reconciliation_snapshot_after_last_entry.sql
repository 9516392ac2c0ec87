-- Does the newest broker snapshot show the account after everything the books hold?
-- An entry that happened after it, or was recorded after it, is one the broker has not been seen to agree
-- with: a deposit, a fee, a split, a fill, and an amended one, whose reversal is an entry of its own.
-- Books without entries are clear as soon as there is a snapshot. Blocks when there is none.
with run as (
    select * from {{ ref('stg_desk__runs') }}
),

compared as (
    select
        run.run_id,
        snapshot.snapshot_id,
        snapshot.taken_at,
        count(entry.run_id) as later_count,
        string_agg(distinct entry.kind, ', ' order by entry.kind) as kinds,
        max(greatest(entry.happened_at, entry.recorded_at)) as newest_at
    from run
    left join {{ ref('stg_desk__broker_snapshots') }} as snapshot on snapshot.run_id = run.run_id
    left join {{ ref('int_ledger__entries') }} as entry
        on entry.run_id = run.run_id
        and (entry.happened_at > snapshot.taken_at or entry.recorded_at > snapshot.recorded_at)
    group by run.run_id, snapshot.snapshot_id, snapshot.taken_at
)

select
    {{ verdict(
        'reconciliation', 'snapshot_after_last_entry',
        observed='case when snapshot_id is not null then later_count end', limit='0',
        is_clear='snapshot_id is not null and later_count = 0'
    ) }},
    case
        when snapshot_id is null then 'no broker snapshot was recorded'
        when later_count = 0 then 'the newest broker snapshot is newer than every entry of the ledger'
        else format(
            'the newest broker snapshot (%s) does not show %s later %s of the ledger (%s, the last of %s)',
            to_char(taken_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'),
            later_count, case later_count when 1 then 'entry' else 'entries' end, kinds,
            to_char(newest_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')
        )
    end as reason,
    case
        when snapshot_id is not null and later_count = 0 then ''
        else 'Record a broker snapshot on the confirm page.'
    end as fix
from compared
