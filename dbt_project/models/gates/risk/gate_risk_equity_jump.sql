-- Did the book move less on the as_of_date's session than a book can, up or down?
-- Blocks when that session's return is unknown. A gain nobody made is a wrong price or rate as well.
-- Says nothing about a loss that is possible; gate_risk_daily_loss does.
with run as (
    select *, {{ policy_limit('risk.equity_jump_ratio_max') }} as limit_value
    from {{ ref('stg_desk__runs') }}
),

compared as (
    select
        run.run_id,
        run.as_of_date,
        abs(equity.return_ratio) as move_ratio,
        equity.return_ratio,
        run.limit_value
    from run
    left join {{ ref('equity_daily') }} as equity
        on equity.run_id = run.run_id
        and equity.session_date = run.as_of_date
),

weighed as (
    select *, move_ratio < limit_value as is_clear
    from compared
)

select
    {{ verdict('risk', 'equity_jump', observed='move_ratio') }},
    case
        when limit_value is null then 'the policy names no move of the book'
        when move_ratio is null then format('the return of %s is unknown', as_of_date)
        else format(
            'the book moved by %s on %s, less than %s allowed',
            {{ percent('return_ratio') }}, as_of_date, {{ percent('limit_value') }}
        )
    end as reason,
    case
        when is_clear then ''
        when move_ratio is null or limit_value is null then
            {{ price_holdings() }}
        else 'Look for a wrong price or GBP/USD rate of that session, load it corrected, and plan again.'
    end as fix
from weighed
