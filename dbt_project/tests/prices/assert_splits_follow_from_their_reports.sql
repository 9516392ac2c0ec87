-- Does what is said of each split of a holding follow from what vendors report of it?
-- Red ends build_prices: no split is believed on it, and no book is built.
with found as (
    select * from {{ ref('splits_found') }}
),

compared as (
    select
        'a believed split is one that no doubt was found of' as identity,
        found.internal_symbol as subject,
        count(weighed.internal_symbol)::numeric as found,
        1::numeric as expected
    from found
    left join lateral (
        select distinct internal_symbol
        from {{ ref('int_market__splits_weighed') }} as weighed
        where weighed.internal_symbol = found.internal_symbol
            and weighed.ex_date = found.ex_date
            and weighed.new_shares = found.new_shares
            and weighed.old_shares = found.old_shares
            and weighed.doubt is null
    ) as weighed on true
    where found.belief = 'believed'
    group by found.internal_symbol, found.ex_date

    union all

    select 'a split is told once', found.internal_symbol, count(near.internal_symbol), 0
    from found
    inner join found as near
        on near.internal_symbol = found.internal_symbol
        and near.ex_date > found.ex_date
        and near.ex_date <= found.ex_date + 5
        and near.belief <> 'withdrawn'
    where found.belief <> 'withdrawn'
    group by found.internal_symbol
)

select * from compared
where found is distinct from expected
