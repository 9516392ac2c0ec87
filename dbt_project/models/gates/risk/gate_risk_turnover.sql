-- Is the value of all intended trades within its share of equity?
-- A run without trades is clear. Blocks when equity is unknown.
-- Sales count like purchases: both cost a spread and the executor's attention.
with run as (
    select * from {{ ref('stg_desk__runs') }}
),

compared as (
    select
        run.run_id,
        book.equity_gbp,
        book.buy_gbp + book.sell_gbp as traded_gbp,
        trim_scale(round((book.buy_gbp + book.sell_gbp) / nullif(book.equity_gbp, 0), 6)) as turnover_ratio,
        policy.limit_value,
        coalesce(
            book.buy_gbp + book.sell_gbp <= policy.limit_value * book.equity_gbp,
            false
        ) as is_clear
    from run
    left join {{ ref('int_risk__book_after') }} as book on book.run_id = run.run_id
    left join {{ ref('stg_desk__policy_limits') }} as policy
        on policy.run_id = run.run_id
        and policy.limit_name = 'risk.turnover_ratio_max'
)

select
    run_id,
    'risk' as gate,
    'turnover' as check_name,
    turnover_ratio as observed_value,
    limit_value,
    is_clear,
    case
        when limit_value is null then 'the policy names no turnover'
        when equity_gbp is null then 'the turnover is unknown: the book has no value'
        else format('%s GBP are traded, %s of equity, %s allowed',
            round(traded_gbp, 2), coalesce({{ percent('turnover_ratio') }}, 'an unknown share'), {{ percent('limit_value') }})
    end as reason,
    case
        when is_clear then ''
        when equity_gbp is null or limit_value is null then
            'Build the book of this run with a price for every holding.'
        else format('Trade for %s GBP less.', round(traded_gbp - limit_value * equity_gbp, 2))
    end as fix
from compared
