-- How far two vendors are apart on what both of them give: the return of each session, and the close
-- as traded of the newest one.
-- Returns run between sessions both vendors have, so a hole in one is not a difference.
with closes as (
    select * from {{ ref('int_market__source_closes') }}
),

paired as (
    select
        first.run_id,
        first.internal_symbol,
        first.session_date,
        first.source,
        second.source as other_source,
        first.as_traded_close_usd,
        second.as_traded_close_usd as other_as_traded_close_usd,
        first.adj_close_usd / lag(first.adj_close_usd) over pair_in_order - 1 as return_ratio,
        second.adj_close_usd / lag(second.adj_close_usd) over pair_in_order - 1 as other_return_ratio
    from closes as first
    inner join closes as second
        on second.run_id = first.run_id
        and second.internal_symbol = first.internal_symbol
        and second.session_date = first.session_date
        and second.source_rank > first.source_rank
    window pair_in_order as (
        partition by first.internal_symbol, first.source, second.source order by first.session_date
    )
),

newest_closes as (
    select distinct on (internal_symbol, source, other_source) *
    from paired
    where as_traded_close_usd is not null
        and other_as_traded_close_usd is not null
    order by internal_symbol asc, source asc, other_source asc, session_date desc
)

select
    run_id,
    internal_symbol,
    session_date,
    'return' as kind,
    source,
    trim_scale(round(return_ratio, 12)) as observed_value,
    other_source,
    trim_scale(round(other_return_ratio, 12)) as other_value,
    trim_scale(round(abs(return_ratio - other_return_ratio), 12)) as difference_ratio
from paired
where return_ratio is not null
union all
select
    run_id,
    internal_symbol,
    session_date,
    'close',
    source,
    as_traded_close_usd,
    other_source,
    other_as_traded_close_usd,
    trim_scale(round(abs(as_traded_close_usd / other_as_traded_close_usd - 1), 12))
from newest_closes
