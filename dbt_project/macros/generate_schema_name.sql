{#- Schemas are named exactly: they exist before dbt does, and grants and other rooms know them by these names. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}
