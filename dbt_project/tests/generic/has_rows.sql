{#- Fails when the model is empty: a publication without rows is a mistake, whatever caused it. -#}
{% test has_rows(model) %}
select 'no row' as finding
where not exists (select from {{ model }})
{% endtest %}
