-- Which bars of the newest sessions are those of the session before, figure by figure?
-- A feed that stands still gives them, and a run would rank and size on them as on any other; in a million
-- bars of real files there is none since 2005. Searched are the enabled symbols and the benchmark over the
-- policy's lookback. A bar without a move says nothing: a closed share stands at one price.
with searched_sessions as (
    select *
    from {{ ref('int_market__sessions') }}
    where session_number <= {{ policy_limit('data_quality.lookback_sessions_count') }}
),

bars as (
    select bars.*
    from {{ ref('int_market__bars') }} as bars
    inner join {{ ref('stg_desk__universe') }} as universe
        on universe.run_id = bars.run_id
        and universe.internal_symbol = bars.internal_symbol
        and (universe.is_enabled or universe.is_benchmark)
    where not bars.is_broken
        and not bars.is_unfinished
)

select
    bar.run_id,
    bar.internal_symbol,
    bar.session_date
from searched_sessions
inner join bars as bar
    on bar.run_id = searched_sessions.run_id
    and bar.session_date = searched_sessions.session_date
inner join bars as earlier
    on earlier.run_id = bar.run_id
    and earlier.internal_symbol = bar.internal_symbol
    and earlier.session_date = searched_sessions.previous_session_date
    and earlier.open_price = bar.open_price
    and earlier.high_price = bar.high_price
    and earlier.low_price = bar.low_price
    and earlier.close_price = bar.close_price
    and earlier.volume_units = bar.volume_units
where bar.high_price > bar.low_price
