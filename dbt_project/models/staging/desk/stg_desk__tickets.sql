-- The portfolio's TRADE tickets that were out when the run was frozen.
select
    run.run_id,
    ticket.ticket_id,
    ticket.run_id as planning_run_id,
    ticket.plan_week,
    ticket.issued_at,
    ticket.window_open_at,
    ticket.window_close_at,
    plan.place_number
from {{ ref('stg_desk__runs') }} as run
inner join {{ source('desk', 'tickets') }} as ticket on ticket.portfolio_id = run.portfolio_id
inner join {{ source('desk', 'plan_order') }} as plan on plan.run_id = ticket.run_id
where ticket.kind = 'TRADE'
    and ticket.issued_at <= run.frozen_at
    and ticket.run_id <> run.run_id
