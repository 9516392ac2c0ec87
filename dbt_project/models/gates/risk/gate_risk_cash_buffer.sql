-- Does the cash buffer stay when every purchase is made and every sale is skipped? Of the cash only what the
-- broker has shown counts.
-- Sales may fail after the purchases went through, so they are not counted on. A run without purchases is
-- clear: it can only raise cash. Blocks when equity is unknown.
with run as (
    select *, {{ policy_limit('risk.cash_buffer_ratio_min') }} as limit_value
    from {{ ref('stg_desk__runs') }}
),

compared as (
    select
        run.run_id,
        book.equity_gbp,
        book.buy_gbp,
        book.spendable_gbp - book.buy_gbp as left_gbp,
        trim_scale(round((book.spendable_gbp - book.buy_gbp) / nullif(book.equity_gbp, 0), 6)) as left_ratio,
        run.limit_value,
        run.limit_value is not null
        and book.equity_gbp is not null
        and (
            book.buy_gbp = 0
            or book.spendable_gbp - book.buy_gbp >= run.limit_value * book.equity_gbp
        ) as is_clear
    from run
    left join {{ ref('int_risk__book_after') }} as book on book.run_id = run.run_id
)

select
    {{ verdict('risk', 'cash_buffer', observed='left_ratio') }},
    case
        when limit_value is null then 'the policy names no cash buffer'
        when equity_gbp is null then 'the cash buffer is unknown: the book has no value'
        when buy_gbp = 0 then 'nothing is bought'
        else format(
            '%s GBP are left when everything is bought and nothing sold, %s of equity, %s must stay',
            round(left_gbp, 2), {{ percent('left_ratio') }}, {{ percent('limit_value') }}
        )
    end as reason,
    case
        when is_clear then ''
        when equity_gbp is null or limit_value is null then
            {{ price_holdings() }}
        else format(
            'Deposit %s GBP, or wait for sales to settle.',
            round(limit_value * equity_gbp - left_gbp, 2)
        )
    end as fix
from compared
