-- Was the newest broker snapshot taken shortly enough before the run was frozen?
-- Blocks when there is no snapshot: what the broker holds is then unknown.
-- Says nothing about what the snapshot shows.
with run as (
    select * from {{ ref('stg_desk__runs') }}
),

compared as (
    select
        run.run_id,
        snapshot.taken_at,
        policy.limit_value,
        trim_scale(round(extract(epoch from run.frozen_at - snapshot.taken_at) / 86400, 4)) as age_days,
        coalesce(
            run.frozen_at - snapshot.taken_at <= policy.limit_value * interval '1 day',
            false
        ) as is_clear
    from run
    left join {{ ref('stg_desk__broker_snapshots') }} as snapshot on snapshot.run_id = run.run_id
    left join {{ ref('stg_desk__policy_limits') }} as policy
        on policy.run_id = run.run_id
        and policy.limit_name = 'reconciliation.snapshot_age_days_max'
)

select
    run_id,
    'reconciliation' as gate,
    'snapshot_recent' as check_name,
    age_days as observed_value,
    limit_value,
    is_clear,
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
