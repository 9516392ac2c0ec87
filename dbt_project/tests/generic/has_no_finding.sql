{#-
    Fails for every finding of the run the model was built for. It reads the model as well, so that dbt
    holds back what is published from it, and nothing else that reads the findings. For that the
    model must name the findings as something it depends on.
-#}
{% test has_no_finding(model, findings) %}
select finding.*
from {{ findings }} as finding
where exists (select from {{ model }} as candidate where candidate.run_id = finding.run_id)
{% endtest %}
