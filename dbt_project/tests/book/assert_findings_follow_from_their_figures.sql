-- Is every fill that counts held against the market, and does each finding say what its figures say?
-- Red ends build_book: nothing is sized, and the ticket is a NO-TRADE that names the step.
-- Says nothing about a fill that is odd; page and daily report ask about it, and no plan waits for it.
with findings as (
    select * from {{ ref('fill_findings') }}
),

compared as (
    select
        'every fill that counts is there' as identity,
        'all fills' as subject,
        (select count(*) from findings)::numeric as found,
        coalesce(sum(case when reverses_fill_id is null then 1 else -1 end), 0) as expected
    from {{ ref('stg_desk__fills') }}

    union all

    select
        'a price is in range between low and high',
        format('fill %s', fill_id),
        is_price_in_range::integer,
        (low_usd <= price_usd and price_usd <= high_usd)::integer
    from findings

    union all

    select
        'what is expected is the shares at their price and the rate of the day',
        format('fill %s', fill_id),
        expected_value_gbp,
        round(units * price_usd / gbpusd_rate, 2)
    from findings
)

select * from compared
where found is distinct from expected
