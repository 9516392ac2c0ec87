-- Is the newest bar of the universe the one of as_of_date, which is the session the run expects?
-- Blocks when there is no bar at all. A bar from after the run was frozen is an error in its date;
-- a simulated desk may hold files that end later than its clock, so there it is no sign of
-- anything.
-- Says nothing about how many symbols are there; gate_data_quality_coverage does.
with run as (
    select * from {{ ref('stg_desk__runs') }}
),

newest as (
    select
        run_id,
        max(session_date) as newest_date,
        max(newest_session_date) as newest_known_date
    from {{ ref('int_market__bars') }}
    group by run_id
),

judged as (
    select
        run.run_id,
        run.as_of_date,
        newest.newest_date,
        newest.newest_known_date,
        not run.is_simulated
            and newest.newest_known_date > (run.frozen_at at time zone 'America/New_York')::date as is_from_future
    from run
    left join newest on newest.run_id = run.run_id
)

select
    run_id,
    'data_quality' as gate,
    'freshness' as check_name,
    (as_of_date - newest_date)::numeric as observed_value,
    0::numeric as limit_value,
    coalesce(newest_date = as_of_date and not is_from_future, false) as is_clear,
    case
        when newest_date is null then 'there is no bar of any symbol of the universe'
        when is_from_future then
            format('a bar is dated %s, after the run was frozen', newest_known_date)
        when newest_date = as_of_date then
            format('the newest bar is of %s, as expected', newest_date)
        else format(
            'the newest bar is of %s, %s days before %s',
            newest_date, as_of_date - newest_date, as_of_date
        )
    end as reason,
    case
        when coalesce(newest_date = as_of_date and not is_from_future, false) then ''
        when is_from_future then 'Find the file with the wrong date and load it corrected.'
        else format('Load the bars of %s.', as_of_date)
    end as fix
from judged
