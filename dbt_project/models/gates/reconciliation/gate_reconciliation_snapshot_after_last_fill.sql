-- Does the newest broker snapshot show the account after the last fill?
-- A book without fills is clear as soon as there is a snapshot. Blocks when there is none.
-- Fills that were taken back by an amendment do not count.
with run as (
    select * from {{ ref('stg_desk__runs') }}
),

last_fill as (
    select fill.run_id, max(fill.executed_at) as executed_at
    from {{ ref('stg_desk__fills') }} as fill
    left join {{ ref('stg_desk__fills') }} as reversal on reversal.reverses_fill_id = fill.fill_id
    where fill.reverses_fill_id is null
        and reversal.fill_id is null
    group by fill.run_id
),

compared as (
    select
        run.run_id,
        snapshot.taken_at,
        last_fill.executed_at,
        trim_scale(
            round(extract(epoch from snapshot.taken_at - last_fill.executed_at) / 86400, 4)
        ) as days_between,
        snapshot.taken_at >= coalesce(last_fill.executed_at, '-infinity') as is_clear
    from run
    left join {{ ref('stg_desk__broker_snapshots') }} as snapshot on snapshot.run_id = run.run_id
    left join last_fill on last_fill.run_id = run.run_id
)

select
    {{ verdict('reconciliation', 'snapshot_after_last_fill', observed='days_between', limit='0') }},
    case
        when taken_at is null then 'no broker snapshot was recorded'
        when executed_at is null then 'there is a broker snapshot and no fill yet'
        else format(
            'the newest broker snapshot (%s) was taken %s the last fill (%s)',
            to_char(taken_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'),
            case when is_clear then 'after' else 'before' end,
            to_char(executed_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')
        )
    end as reason,
    case when is_clear then '' else 'Record a broker snapshot on the confirm page.' end as fix
from compared
