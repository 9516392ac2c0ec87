-- Each split of a holding once, however many vendors report it and whatever day they give it, with what is to
-- be believed of it; and what was believed before and is no longer reported. desk.believe_splits takes these
-- rows, and believes no split that no vendor told.
-- Vendors date one split a few days apart, and no stock splits twice within a week.
with weighed as (
    select *, row_number() over (order by doubt is not null, source_rank, ex_date, source) as place
    from {{ ref('int_market__splits_weighed') }}
),

found as (
    select * from weighed
    where not exists (
        select from weighed as better
        where better.internal_symbol = weighed.internal_symbol
            and abs(better.ex_date - weighed.ex_date) <= 5
            and better.place < weighed.place
    )
),

gone as (
    select standing.*
    from {{ ref('stg_desk__split_findings') }} as standing
    where not standing.is_settled
        and standing.belief <> 'withdrawn'
        and not exists (
            select from found where (internal_symbol, ex_date) = (standing.internal_symbol, standing.ex_date)
        )
        and (
            exists (
                select from found
                where found.internal_symbol = standing.internal_symbol
                    and abs(found.ex_date - standing.ex_date) <= 5
            )
            or exists (
                select from {{ ref('stg_market__split_reports') }} as report
                where report.internal_symbol = standing.internal_symbol
                    and abs(report.ex_date - standing.ex_date) <= 5
                    and report.split_value = 1
            )
        )
)

select
    run_id,
    internal_symbol,
    ex_date,
    case when doubt is null then 'believed' else 'doubted' end as belief,
    new_shares::bigint as new_shares,
    old_shares::bigint as old_shares,
    case
        when doubt = 'ratio'
            then format('no company announces %s new shares for an old one', {{ plain('split_value') }})
        when doubt = 'price'
            then format(
                'the price went from %s to %s',
                {{ plain('price_before_usd') }}, {{ plain('price_after_usd') }}
            )
        when doubt = 'unclear' then 'too small for the price to tell, and one vendor alone reports it'
        when num_nulls(price_before_usd, price_after_usd) > 0 then format('as %s reports it', source)
        else format(
            '%s reports it, and the price went from %s to %s',
            source, {{ plain('price_before_usd') }}, {{ plain('price_after_usd') }}
        )
    end as reason
from found

union all

select run_id, internal_symbol, ex_date, 'withdrawn', new_shares, old_shares, 'no vendor reports it any more'
from gone
