{#- The run this build is for, as a SQL literal; without the variable the empty text, which no run has. -#}
{% macro run_id() -%}
    '{{ var("run_id", "") | string | replace("'", "''") }}'
{%- endmacro %}
