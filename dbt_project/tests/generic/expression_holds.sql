{#- Fails for every row the expression is not true for; unknown is not true. -#}
{% test expression_holds(model, expression) %}
select *
from {{ model }}
where ({{ expression }}) is not true
{% endtest %}
