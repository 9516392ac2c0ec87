{#- How figures are written in the reason of a verdict. -#}

{#- A fraction as a percentage with one decimal, e.g. 97.0 %. -#}
{% macro percent(ratio) -%}
    to_char(round(100 * ({{ ratio }}), 1), 'FM999999990.0') || ' %'
{%- endmacro %}

{#- A number without the zeros at its end, at most six decimals, e.g. 0.35. -#}
{% macro plain(number) -%}
    trim_scale(round({{ number }}, 6))::text
{%- endmacro %}

{#- The first five of an array of texts, and how many more there are: a ticket is read on a phone. -#}
{% macro first_five(texts, separator=', ') -%}
    array_to_string(({{ texts }})[1:5], '{{ separator }}')
    || case
        when cardinality({{ texts }}) > 5 then format(' and %s more', cardinality({{ texts }}) - 5)
        else ''
    end
{%- endmacro %}
