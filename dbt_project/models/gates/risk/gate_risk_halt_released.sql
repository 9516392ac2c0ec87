-- Is the desk not halted, at this moment?
-- A desk that was never halted is clear. Blocks when the state of the halt could not be read.
-- Postgres refuses a TRADE ticket during a halt anyway; this says so with a reason, and earlier.
with run as (
    select * from {{ ref('stg_desk__runs') }}
),

compared as (
    select
        run.run_id,
        halt.is_halted,
        halt.reason,
        halt.person,
        halt.changed_at
    from run
    left join {{ ref('stg_desk__halts') }} as halt on halt.run_id = run.run_id
)

select
    {{ verdict(
        'risk', 'halt_released',
        observed='is_halted::integer', limit='0', is_clear='not is_halted'
    ) }},
    case
        when is_halted is null then 'whether the desk is halted is unknown'
        when is_halted then format(
            'the desk was halted by %s on %s: %s',
            person, to_char(changed_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'), reason
        )
        else 'the desk is not halted'
    end as reason,
    case
        when is_halted is null then {{ read_log('build_gates') }}
        when is_halted then 'Reconcile, then release the halt with a reason.'
        else ''
    end as fix
from compared
