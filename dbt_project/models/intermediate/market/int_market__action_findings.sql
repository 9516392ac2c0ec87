-- What was found wrong with the splits and dividends of a series, and what was done about it.
-- handled: the prices are right all the same. quarantined: they cannot be made right from what is
-- known, so nothing before that session is published and a person has to look.
select
    run_id,
    internal_symbol,
    ex_date,
    session_date,
    'split' as kind,
    split_value as value,
    'rounded_ratio' as finding,
    'handled' as treatment,
    format(
        'the ratio %s is %s written with too few digits', split_value, {{ plain('split_ratio') }}
    ) as reason
from {{ ref('int_market__actions') }}
where split_ratio <> split_value

union all

select
    run_id, internal_symbol, ex_date, session_date,
    'split', split_value, treatment, 'handled',
    format('the price follows the split on %s, not on %s', applied_date, ex_date)
from {{ ref('int_market__actions') }}
where treatment in ('early_date', 'late_date')

union all

select
    run_id, internal_symbol, ex_date, session_date,
    'dividend', dividend_value, 'split_as_dividend', 'handled',
    format(
        'the dividend of %s is the split of %s booked once more',
        {{ plain('dividend_value') }}, {{ plain('split_ratio') }}
    )
from {{ ref('int_market__actions') }}
where dividend_value is not null
    and dividend_usd is null

union all

select
    run_id,
    internal_symbol,
    ex_date,
    session_date,
    case when dividend_usd is null then 'split' else 'dividend' end,
    coalesce(dividend_usd, split_value),
    treatment,
    'quarantined',
    case treatment
        when 'impossible_dividend'
            then format(
                'a dividend of %s on a price of %s leaves nothing',
                {{ plain('dividend_usd') }}, {{ plain('previous_close') }}
            )
        else format(
            'the price went from %s to %s, not to about %s as %s says',
            {{ plain('previous_close') }}, {{ plain('close_price') }}, {{ plain('expected_close') }},
            concat_ws(
                ' and ',
                'a split of ' || {{ plain('split_ratio') }},
                'a dividend of ' || {{ plain('dividend_usd') }}
            )
        )
    end
from {{ ref('int_market__actions') }}
where is_quarantined

union all

select
    run_id,
    internal_symbol,
    session_date as ex_date,
    session_date,
    'split',
    case when is_forward then split_number else trim_scale(round(1 / split_number, 6)) end,
    'missing_split',
    'quarantined',
    format(
        'the price went from %s to %s as in a split of %s that nobody reported',
        {{ plain('previous_close') }}, {{ plain('close_price') }},
        case when is_forward then split_number || ':1' else '1:' || split_number end
    )
from {{ ref('int_market__missing_splits') }}
