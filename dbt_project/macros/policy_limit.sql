{#- A number of the policy the run was frozen with; null where that policy does not name it. -#}
{% macro policy_limit(name) -%}
    (
        select policy.limit_value
        from {{ ref('stg_desk__policy_limits') }} as policy
        inner join {{ ref('stg_desk__runs') }} as run on run.run_id = policy.run_id
        where policy.limit_name = '{{ name }}'
    )
{%- endmacro %}
