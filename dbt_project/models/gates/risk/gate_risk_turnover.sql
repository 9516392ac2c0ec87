-- Is the value of all intended trades within its share of equity?
-- A run without trades is clear. Blocks when equity is unknown.
-- Sales count like purchases: both cost a spread and the executor's attention.
with run as (
    select *, {{ policy_limit('risk.turnover_ratio_max') }} as limit_value
    from {{ ref('stg_desk__runs') }}
),

compared as (
    select
        run.run_id,
        book.equity_gbp,
        book.buy_gbp + book.sell_gbp as traded_gbp,
        trim_scale(round((book.buy_gbp + book.sell_gbp) / nullif(book.equity_gbp, 0), 6)) as turnover_ratio,
        run.limit_value,
        -- Without trades there is no share of anything, whatever a known book is worth.
        book.buy_gbp + book.sell_gbp
        <= run.limit_value * case when book.equity_gbp < 0 then 0 else book.equity_gbp end as is_clear
    from run
    left join {{ ref('int_risk__book_after') }} as book on book.run_id = run.run_id
)

select
    {{ verdict('risk', 'turnover', observed='turnover_ratio') }},
    case
        when limit_value is null then 'the policy names no turnover'
        when equity_gbp is null then 'the turnover is unknown: the book has no value'
        else format(
            '%s GBP are traded, %s of equity, %s allowed',
            round(traded_gbp, 2),
            coalesce({{ percent('turnover_ratio') }}, 'an unknown share'),
            {{ percent('limit_value') }}
        )
    end as reason,
    case
        when is_clear then ''
        when equity_gbp is null or limit_value is null then
            {{ price_holdings() }}
        else 'Lower sizing.turnover_ratio_max and plan again.'
    end as fix
from compared
