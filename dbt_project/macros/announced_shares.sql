{#-
    The shares a company announced, as a lateral row of new_shares and old_shares: vendors round to six
    decimals the ratio (1.333333) or the factor it stands for (7.00000700001 is 1 / 0.142857). What is meant
    is the fraction with the smallest denominator that rounds to it.
-#}
{% macro announced_shares(value) -%}
    lateral (
        select
            round({{ value }} * denominator) as new_shares,
            denominator as old_shares
        from generate_series(1::numeric, 100::numeric) as denominator
        where round({{ value }} * denominator) > 0
            and (
                round(round({{ value }} * denominator) / denominator, 6) = round({{ value }}, 6)
                or round(denominator / round({{ value }} * denominator), 6) = round(1 / {{ value }}, 6)
            )
        order by denominator
        limit 1
    )
{%- endmacro %}
