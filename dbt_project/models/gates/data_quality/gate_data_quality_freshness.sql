-- Is there a bar of the newest session whose bar was due when the run was frozen?
-- Which session that is comes from the run's own calendar: weekends, holidays of either country and the weeks
-- in which the clocks differ are no special case. Blocks when the calendar ends before the run or when there
-- is no bar.
-- A bar from after the run was frozen is an error in its date; a simulated desk may hold files that end later
-- than its clock, so there it is no sign of anything. An unfinished bar is none.
-- Says nothing about how many symbols are there; gate_data_quality_coverage does.
with run as (
    select * from {{ ref('stg_desk__runs') }}
),

due as (
    select
        run.run_id,
        max(calendar.session_date) filter (where calendar.expected_at <= run.frozen_at) as due_date,
        max(calendar.expected_at) > run.frozen_at as is_calendar_long_enough
    from run
    inner join {{ ref('stg_desk__calendar') }} as calendar on calendar.run_id = run.run_id
    group by run.run_id, run.frozen_at
),

newest as (
    select
        run_id,
        max(session_date) filter (where not is_unfinished) as newest_date,
        max(newest_session_date) as newest_known_date
    from {{ ref('int_market__bars') }}
    group by run_id
),

compared as (
    select
        run.run_id,
        -- A run as of a session whose bar is not due yet needs that bar all the same.
        case when due.is_calendar_long_enough then greatest(due.due_date, run.as_of_date) end as due_date,
        newest.newest_date,
        newest.newest_known_date,
        not run.is_simulated
        and newest.newest_known_date > (run.frozen_at at time zone 'America/New_York')::date as is_from_future
    from run
    left join due on due.run_id = run.run_id
    left join newest on newest.run_id = run.run_id
),

weighed as (
    select *, newest_date >= due_date and not is_from_future as is_clear
    from compared
)

select
    {{ verdict('data_quality', 'freshness', observed='due_date - newest_date', limit='0') }},
    case
        when due_date is null then 'the calendar of the run does not say which bar is due'
        when newest_date is null then 'there is no finished bar of any symbol of the universe'
        when is_from_future then format('a bar is dated %s, after the run was frozen', newest_known_date)
        when is_clear then format('the newest bar is of %s, as expected', newest_date)
        else format('the newest bar is of %s, but that of %s is due', newest_date, due_date)
    end as reason,
    case
        when is_clear then ''
        when due_date is null then {{ read_log('freeze_inputs') }}
        when is_from_future then 'Find the file with the wrong date and load it corrected.'
        else format('Load the bars of %s.', due_date)
    end as fix
from weighed
