{#-
    How the select that ends a check begins: which check it is, what it found, what it held that against
    and whether it lets a trade through. Unknown does not. The check adds its reason and its fix.
-#}
{% macro verdict(gate, check_name, observed, limit='limit_value', is_clear='is_clear') -%}
    run_id,
    '{{ gate }}' as gate,
    '{{ check_name }}' as check_name,
    ({{ observed }})::numeric as observed_value,
    ({{ limit }})::numeric as limit_value,
    coalesce({{ is_clear }}, false) as is_clear
{%- endmacro %}
