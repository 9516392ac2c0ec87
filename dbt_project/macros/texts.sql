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

{#- The fix of what a step left unknown; plan.decision says the same of a step that broke. -#}
{% macro read_log(step) -%}
    'Read the log of {{ step }} in Airflow, mend its cause, plan again.'
{%- endmacro %}

{#- The fix of a book without a value; plan.checks says the same. -#}
{% macro price_holdings() -%}
    'Load a bar of every holding, or read the log of build_book in Airflow, and plan again.'
{%- endmacro %}
