-- How each of those lines ended, as far as the run could know it: the highest version counts.
select distinct on (ticket.run_id, confirmation.ticket_id, confirmation.line_number)
    ticket.run_id,
    confirmation.ticket_id,
    confirmation.line_number,
    confirmation.confirmation_id,
    confirmation.status,
    confirmation.recorded_at
from {{ ref('stg_desk__tickets') }} as ticket
inner join {{ ref('stg_desk__runs') }} as run on run.run_id = ticket.run_id
inner join {{ source('desk', 'confirmations') }} as confirmation on confirmation.ticket_id = ticket.ticket_id
where confirmation.recorded_at <= run.frozen_at
order by ticket.run_id, confirmation.ticket_id, confirmation.line_number, confirmation.version_number desc
