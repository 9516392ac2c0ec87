-- From which session on the bars of each symbol are read in this build, and why.
-- The window of the policy is always read: every figure of a run comes from it alone. What was published of
-- the time before stays, unless something it was computed from is another than it was; then the whole history
-- is read. What is written before settled_date counts as such a change, so that whatever is computed anew has
-- half a window of unchanged bars before it.
with run as (
    select *, {{ policy_limit('data_quality.window_sessions_count') }} as window_sessions_count
    from {{ ref('stg_desk__runs') }}
),

policy as (
    select run_id, string_agg(limit_name || '=' || trim_scale(limit_value), ' ' order by limit_name) as limits
    from {{ ref('stg_desk__policy_limits') }}
    where limit_name like 'data_quality.%'
    group by run_id
),

past_sessions as (
    select
        calendar.session_date,
        row_number() over (order by calendar.session_date desc) as session_number
    from {{ ref('stg_desk__calendar') }} as calendar
    inner join run on run.run_id = calendar.run_id and calendar.session_date <= run.as_of_date
),

-- A calendar or a policy that does not say how far back leaves nothing out.
spans as (
    select
        run.run_id,
        coalesce(
            min(past_sessions.session_date)
                filter (where past_sessions.session_number = run.window_sessions_count),
            date '-infinity'
        ) as window_start_date,
        coalesce(
            min(past_sessions.session_date)
                filter (where past_sessions.session_number = ceil(run.window_sessions_count / 2)),
            date 'infinity'
        ) as settled_date
    from run
    left join past_sessions on true
    group by run.run_id
),

series as (
    select * from {{ ref('stg_market__series') }}
),

-- One vendor per symbol: the first in the policy's order that has its newest bar.
chosen as (
    select distinct on (internal_symbol)
        internal_symbol,
        source
    from series
    where newest_date is not null
    order by internal_symbol asc, newest_date desc, source_rank asc
),

named as (
    select
        chosen.internal_symbol,
        chosen.source,
        md5(
            chosen.source || string_agg(
                format(' %s %s %s', series.vendor_symbol, series.valid_from_date, series.valid_to_date),
                '' order by series.valid_from_date, series.vendor_symbol
            )
        ) as names_hash
    from chosen
    inner join series using (internal_symbol, source)
    group by chosen.internal_symbol, chosen.source
),

actions as (
    select
        series.internal_symbol,
        max(action.ex_date)
            filter (where action.kind = 'dividend' and action.ex_date <= run.as_of_date) as dividend_date,
        max(action.ex_date)
            filter (where action.kind = 'split' and action.ex_date <= run.as_of_date) as split_date,
        max(action.load_id) as newest_load_id
    from chosen
    inner join series using (internal_symbol, source)
    inner join {{ ref('stg_market__corporate_actions') }} as action
        on action.source = series.source
        and action.vendor_symbol = series.vendor_symbol
        and action.ex_date between series.valid_from_date and series.valid_to_date
    inner join run on run.run_id = action.run_id
    group by series.internal_symbol
),

compared as (
    select
        universe.run_id,
        universe.internal_symbol,
        named.source,
        spans.window_start_date,
        spans.settled_date,
        -- The book is valued over its whole life.
        least(spans.window_start_date, book.first_date) as window_date,
        md5(concat_ws(' ', named.names_hash, policy.limits)) as fingerprint,
        case
            when published.internal_symbol is null then 'nothing is published yet'
            when published.fingerprint <> md5(concat_ws(' ', named.names_hash, policy.limits))
                then 'its vendor, its names or the policy is another'
            when published.as_of_date > run.as_of_date or published.data_snapshot_id > run.data_snapshot_id
                then 'a later run was published'
            when published.as_of_date < spans.settled_date then 'the last publication is long ago'
            when published.cut_date >= spans.window_start_date then 'its history is cut within the window'
            when actions.newest_load_id > published.data_snapshot_id then 'a split or dividend became known'
            when actions.dividend_date > published.as_of_date
                or actions.split_date + 7 > published.as_of_date then 'a split or dividend took effect'
            when exists (
                select
                from {{ ref('stg_market__load_results') }} as result
                inner join series
                    on series.source = result.source
                    and series.vendor_symbol = result.vendor_symbol
                where series.internal_symbol = universe.internal_symbol
                    and series.source = named.source
                    and result.load_id > published.data_snapshot_id
                    -- The close before a dividend is part of every factor before it.
                    and result.first_written_date < greatest(spans.settled_date, actions.dividend_date)
            ) then 'older bars were written'
        end as whole_because
    from {{ ref('stg_desk__universe') }} as universe
    inner join run on run.run_id = universe.run_id
    inner join spans on spans.run_id = universe.run_id
    left join policy on policy.run_id = universe.run_id
    left join {{ ref('stg_desk__book_spans') }} as book on book.run_id = universe.run_id
    left join named on named.internal_symbol = universe.internal_symbol
    left join actions on actions.internal_symbol = universe.internal_symbol
    left join {{ ref('stg_market__publications') }} as published
        on published.internal_symbol = universe.internal_symbol
)

select
    run_id,
    internal_symbol,
    source,
    window_start_date,
    case when whole_because is null then window_date else date '-infinity' end as from_date,
    coalesce(whole_because, '') as whole_because,
    fingerprint
from compared
