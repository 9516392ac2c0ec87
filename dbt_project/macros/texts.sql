{#- How figures are written in the reason of a verdict. -#}

{#- A fraction as a percentage with one decimal, e.g. 97.0 %. -#}
{% macro percent(ratio) -%}
    to_char(round(100 * ({{ ratio }}), 1), 'FM999999990.0') || ' %'
{%- endmacro %}

{#- A number without the zeros at its end, at most six decimals, e.g. 0.35. -#}
{% macro plain(number) -%}
    trim_scale(round({{ number }}, 6))::text
{%- endmacro %}
