-- Is everything that was filled shown as executed, once, on a line that says it was?
-- Red ends build_book: nothing is sized, and the ticket is a NO-TRADE that names the step.
-- Says nothing about lines that were never confirmed; gate_confirmation_previous_ticket_confirmed does.
with lines as (
    select * from {{ ref('intended_vs_executed') }}
),

executed as (
    select
        internal_symbol, side, sum(executed_units) as units, sum(executed_value_gbp) as value_gbp
    from lines
    group by internal_symbol, side
),

filled as (
    select
        internal_symbol,
        side,
        sum(case when reverses_fill_id is null then units else -units end) as units,
        sum(case when reverses_fill_id is null then value_gbp else -value_gbp end) as value_gbp
    from {{ ref('stg_desk__fills') }}
    group by internal_symbol, side
),

compared as (
    select
        'every line of a ticket is there' as identity,
        'all lines' as subject,
        (select count(*) from lines)::numeric as found,
        count(*)::numeric as expected
    from {{ ref('stg_desk__ticket_lines') }}

    union all

    select
        'units are those of the fills',
        side || ' ' || internal_symbol,
        coalesce(executed.units, 0),
        coalesce(filled.units, 0)
    from executed
    full join filled using (internal_symbol, side)

    union all

    select
        'value is that of the fills',
        side || ' ' || internal_symbol,
        coalesce(executed.value_gbp, 0),
        coalesce(filled.value_gbp, 0)
    from executed
    full join filled using (internal_symbol, side)

    union all

    select
        'a line is executed when it is done, in part or in whole',
        format('line %s of %s', line_number, ticket_id),
        (executed_units > 0)::integer,
        (status in ('DONE', 'PARTIAL'))::integer
    from lines

    union all

    select
        'slippage is how much worse the price was',
        format('line %s of %s', line_number, ticket_id),
        round(slippage_ratio, 9),
        round(
            case side when 'BUY' then 1 else -1 end * (average_price_usd / reference_price_usd - 1), 9
        )
    from lines
)

select * from compared
where found is distinct from expected
