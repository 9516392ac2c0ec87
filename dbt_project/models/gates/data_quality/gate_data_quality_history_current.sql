-- Does the history of every symbol stand on one scale, the vendor's newest?
-- Blocks when a vendor restated a history that was not loaded again, when a series mixes two scales,
-- when nothing tells how its bars came in, or when no series was looked at.
-- Says nothing about single revised bars: those are new versions, and a run reads the newest.
with run as (
    select * from {{ ref('stg_desk__runs') }}
),

counted as (
    select
        run_id,
        count(*) as series_count,
        count(*) filter (where state <> 'current') as stale_count,
        array_agg(
            case state
                when 'needs_history' then
                    format('%s restated %s, told on %s', source, internal_symbol, told_date)
                when 'mixed' then
                    format('%s of %s changes its scale on %s', internal_symbol, source, seam_date)
                else format('no load result of %s at %s', internal_symbol, source)
            end
            order by internal_symbol
        ) filter (where state <> 'current') as findings,
        array_agg(format('%s (%s)', vendor_symbol, source) order by internal_symbol)
            filter (where state <> 'current') as files
    from {{ ref('int_market__histories') }}
    group by run_id
)

select
    {{ verdict(
        'data_quality', 'history_current',
        observed='stale_count', limit='0', is_clear='stale_count = 0'
    ) }},
    case
        when stale_count is null then 'no series was looked at'
        when stale_count = 0 then format('%s histories are on their newest scale', series_count)
        else format('histories on an old scale: %s', {{ first_five('findings', '; ') }})
    end as reason,
    case
        when stale_count is null then {{ read_log('build_prices') }}
        when stale_count = 0 then ''
        else format('Load a file with the whole history of %s.', {{ first_five('files') }})
    end as fix
from run
left join counted using (run_id)
