{#- Schemas are named exactly: they exist before dbt, and grants and other rooms know them by them. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}
