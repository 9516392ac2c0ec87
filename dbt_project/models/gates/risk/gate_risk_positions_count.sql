-- Is the number of positions after the intended trades within its limit?
-- Blocks when the book of this run is unknown, because an unknown book has no count.
-- A holding counts until it is sold completely; how small it is does not matter.
with run as (
    select *, {{ policy_limit('risk.positions_count_max') }} as limit_value
    from {{ ref('stg_desk__runs') }}
),

compared as (
    select
        run.run_id,
        case when book.equity_gbp is not null then book.positions_after_count end as positions_count,
        run.limit_value
    from run
    left join {{ ref('int_risk__book_after') }} as book on book.run_id = run.run_id
)

select
    {{ verdict(
        'risk', 'positions_count',
        observed='positions_count', is_clear='positions_count <= limit_value'
    ) }},
    case
        when positions_count is null then
            'the number of positions is unknown: the book has no value'
        when limit_value is null then 'the policy names no number of positions'
        else format(
            '%s positions after the trades, %s allowed',
            positions_count, {{ plain('limit_value') }}
        )
    end as reason,
    case
        when positions_count <= limit_value then ''
        when positions_count is null then
            {{ price_holdings() }}
        else format('Lower sizing.positions_count by %s.', {{ plain('positions_count - limit_value') }})
    end as fix
from compared
