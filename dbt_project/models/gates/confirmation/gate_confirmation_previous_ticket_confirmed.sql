-- Has every line of the portfolio's previous TRADE ticket ended, and did somebody say how?
-- A portfolio without an earlier TRADE ticket is clear. Blocks when the ticket has no line at all: then what
-- it asked for is unknown.
-- Says nothing about tickets before that one: while a line of them was open, no later TRADE was issued.
with run as (
    select * from {{ ref('stg_desk__runs') }}
),

previous as (
    select distinct on (run_id) run_id, ticket_id
    from {{ ref('stg_desk__tickets') }}
    order by run_id, place_number desc
),

lines as (
    select
        previous.run_id,
        previous.ticket_id,
        count(line.line_number) as lines_count,
        count(line.line_number) filter (where confirmation.status is null) as open_count,
        string_agg(line.line_number::text, ', ' order by line.line_number)
            filter (where confirmation.status is null) as open_lines
    from previous
    left join {{ ref('stg_desk__ticket_lines') }} as line on line.ticket_id = previous.ticket_id
    left join {{ ref('stg_desk__confirmations') }} as confirmation
        on confirmation.ticket_id = line.ticket_id
        and confirmation.line_number = line.line_number
    group by previous.run_id, previous.ticket_id
),

weighed as (
    select
        run.run_id,
        lines.ticket_id,
        lines.lines_count,
        lines.open_lines,
        case
            when lines.ticket_id is null then 0
            when lines.lines_count > 0 then lines.open_count
        end as open_count
    from run
    left join lines on lines.run_id = run.run_id
)

select
    {{ verdict(
        'confirmation', 'previous_ticket_confirmed',
        observed='open_count', limit='0', is_clear='open_count = 0'
    ) }},
    case
        when ticket_id is null then 'there is no earlier TRADE ticket'
        when lines_count = 0 then format('ticket %s has no line that could be confirmed', ticket_id)
        when open_count = 0 then format('all %s lines of ticket %s are confirmed', lines_count, ticket_id)
        else format(
            'ticket %s: %s of %s lines are not confirmed (line %s)',
            ticket_id, open_count, lines_count, open_lines
        )
    end as reason,
    case
        when open_count = 0 then ''
        when lines_count = 0 then format('Find out why ticket %s has no lines.', ticket_id)
        else format('Confirm line %s of ticket %s.', open_lines, ticket_id)
    end as fix
from weighed
