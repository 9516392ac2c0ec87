-- The lines of those tickets.
select
    ticket.run_id,
    line.ticket_id,
    line.line_number,
    line.etoro_search_name
from {{ ref('stg_desk__tickets') }} as ticket
inner join {{ source('desk', 'ticket_lines') }} as line on line.ticket_id = ticket.ticket_id
