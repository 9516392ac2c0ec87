-- Whether the desk is halted now, not when the run was frozen: a halt stops the run it falls into.
select
    run.run_id,
    coalesce(newest.kind = 'engage', false) as is_halted,
    newest.reason,
    newest.person,
    newest.created_at as changed_at
from {{ ref('stg_desk__runs') }} as run
left join lateral (
    select halt.kind, halt.reason, halt.person, halt.created_at
    from {{ source('desk', 'halts') }} as halt
    order by halt.halt_id desc
    limit 1
) as newest on true
