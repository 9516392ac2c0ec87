{#- Copies a run's verdicts into the desk's own table, which desk.judge_gate reads. -#}
{% macro hand_over_verdicts() %}
    {%- set columns = 'run_id, gate, check_name, observed_value, limit_value, is_clear, reason, fix' -%}
    insert into desk.verdicts ({{ columns }})
    select {{ columns }}
    from {{ this }} as verdict
    where not exists (
        select from desk.gate_results as judged
        where judged.run_id = verdict.run_id and judged.gate = verdict.gate
    )
    on conflict (run_id, gate, check_name) do nothing
{% endmacro %}
