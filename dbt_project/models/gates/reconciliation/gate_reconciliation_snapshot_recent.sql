-- Was the newest broker snapshot taken shortly enough before the run was frozen?
-- Blocks when there is no snapshot: what the broker holds is then unknown.
-- Says nothing about what the snapshot shows.
with run as (
    select *, {{ policy_limit('reconciliation.snapshot_age_days_max') }} as limit_value
    from {{ ref('stg_desk__runs') }}
),

compared as (
    select
        run.run_id,
        snapshot.taken_at,
        run.limit_value,
        trim_scale(round(extract(epoch from run.frozen_at - snapshot.taken_at) / 86400, 4)) as age_days,
        run.frozen_at - snapshot.taken_at <= run.limit_value * interval '1 day' as is_clear
    from run
    left join {{ ref('stg_desk__broker_snapshots') }} as snapshot on snapshot.run_id = run.run_id
)

select
    {{ verdict('reconciliation', 'snapshot_recent', observed='age_days') }},
    case
        when taken_at is null then 'no broker snapshot was recorded'
        when limit_value is null then 'the policy names no age for a snapshot'
        else format(
            'the newest broker snapshot is %s days old, %s allowed',
            {{ plain('age_days') }}, {{ plain('limit_value') }}
        )
    end as reason,
    case when is_clear then '' else 'Record a broker snapshot on the confirm page.' end as fix
from compared
