-- One verdict per required check of the run. The list of checks comes from the desk and not from what was
-- computed, so a check that is absent, null or there twice is blocked.
-- They are handed over to the desk, once; what a gate was judged on stays as it was.
{{ config(post_hook="{{ hand_over_verdicts() }}") }}

with run as (
    select * from {{ ref('stg_desk__runs') }}
),

counted as (
    select
        *,
        count(*) over (partition by run_id, gate, check_name) as rows_count,
        row_number() over (
            partition by run_id, gate, check_name order by is_clear nulls first
        ) as row_position
    from {{ ref('gate_checks') }}
)

select
    run.run_id,
    required.gate,
    required.check_name,
    counted.observed_value,
    counted.limit_value,
    coalesce(counted.is_clear and counted.rows_count = 1, false) as is_clear,
    case
        when counted.run_id is null then 'no verdict was computed'
        when counted.rows_count > 1 then
            format('the check has %s verdicts instead of one', counted.rows_count)
        else coalesce(counted.reason, 'the verdict has no reason')
    end as reason,
    case
        when coalesce(counted.is_clear and counted.rows_count = 1, false) then ''
        else coalesce(nullif(counted.fix, ''), {{ read_log('build_gates') }})
    end as fix
from run
cross join {{ ref('stg_desk__required_checks') }} as required
left join counted
    on counted.run_id = run.run_id
    and counted.gate = required.gate
    and counted.check_name = required.check_name
    and counted.row_position = 1
