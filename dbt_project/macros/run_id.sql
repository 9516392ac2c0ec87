{#- The run this build is for, as a SQL literal; without the variable it is the empty text, which no run has. -#}
{% macro run_id() -%}
    '{{ var("run_id", "") | string | replace("'", "''") }}'
{%- endmacro %}
