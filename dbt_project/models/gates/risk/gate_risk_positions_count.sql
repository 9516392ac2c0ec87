-- Is the number of positions after the intended trades within its limit, or smaller than before? Blocks
-- when the book of this run is unknown, because an unknown book has no count. A holding counts until it is
-- sold completely; how small it is does not matter. Too many may be sold down week by week: a plan that
-- opens none and closes some is clear.
with run as (
    select *, {{ policy_limit('risk.positions_count_max') }} as limit_value
    from {{ ref('stg_desk__runs') }}
),

compared as (
    select
        run.run_id,
        case when book.equity_gbp is not null then book.positions_after_count end as positions_count,
        run.limit_value,
        book.opened_count = 0 and book.positions_after_count < book.positions_before_count as is_lowered
    from run
    left join {{ ref('int_risk__book_after') }} as book on book.run_id = run.run_id
),

judged as (
    select
        *,
        positions_count is not null
        and limit_value is not null
        and (positions_count <= limit_value or coalesce(is_lowered, false)) as is_clear
    from compared
)

select
    {{ verdict('risk', 'positions_count', observed='positions_count') }},
    case
        when positions_count is null then
            'the number of positions is unknown: the book has no value'
        when limit_value is null then 'the policy names no number of positions'
        else format(
            '%s positions after the trades, %s allowed%s',
            positions_count, {{ plain('limit_value') }},
            case when is_clear and positions_count > limit_value then '; they only become fewer' else '' end
        )
    end as reason,
    case
        when is_clear then ''
        when positions_count is null then
            {{ price_holdings() }}
        else format('Lower sizing.positions_count by %s.', {{ plain('positions_count - limit_value') }})
    end as fix
from judged
