{#-
    The publication of prices, and how it stays equal to one that was built from nothing.

    marts.market_prices_eod keeps what it has, and a build replaces the newest part of each symbol's
    history, or all of it where something in it changed; marts.price_publications says what was
    published last. Both are read here by their names, because a model cannot refer to what comes
    after it.
-#}

{#- Whether there is a publication to go on from. -#}
{% macro is_published() %}
    {%- if flags.FULL_REFRESH or not execute -%}
        {{- return(false) -}}
    {%- endif -%}
    {%- set prices = adapter.get_relation(target.database, 'marts', 'market_prices_eod') -%}
    {%- set publications = adapter.get_relation(target.database, 'marts', 'price_publications') -%}
    {{- return(prices is not none and publications is not none) -}}
{% endmacro %}

{#-
    The models that compute prices, as one hash: prices that other SQL computed are computed again. A macro
    they use is not part of it; one that comes to mean something else needs a full refresh.
-#}
{% macro prices_code() %}
    {%- set texts = [] -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values() | sort(attribute='unique_id')
            if node.resource_type == 'model' and node.path.startswith(
                ('staging/market', 'intermediate/market/int_', 'marts/market/market_prices')
            ) -%}
            {%- do texts.append(node.checksum.checksum) -%}
        {%- endfor -%}
    {%- endif -%}
    {{- return(local_md5(texts | join(' '))) -}}
{% endmacro %}

{#-
    Takes back what the publication says of itself, in the transaction that replaces the prices. It
    is written again by the model after it; a build that ends between the two leaves none, and the
    next one computes everything.
-#}
{% macro forget_publications() %}
    {%- if adapter.get_relation(target.database, 'marts', 'price_publications') -%}
        delete from marts.price_publications
    {%- endif -%}
{% endmacro %}

{#-
    dbt's incremental strategy `replace_ranges`: of each symbol the rows from its range on are
    replaced, rows before its newest cut are deleted, and so are symbols without a range.
-#}
{% macro get_incremental_replace_ranges_sql(arguments) %}
    {%- set columns = get_quoted_csv(arguments['dest_columns'] | map(attribute='name')) %}
    delete from {{ arguments['target_relation'] }} as published
    where not exists (
        select from {{ ref('stg_market__ranges') }} as ranges
        where ranges.internal_symbol = published.internal_symbol
            and published.session_date < ranges.from_date
    );

    delete from {{ arguments['target_relation'] }} as published
    using {{ ref('int_market__history_cuts') }} as cut
    where cut.internal_symbol = published.internal_symbol
        and published.session_date < cut.cut_date;

    insert into {{ arguments['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arguments['temp_relation'] }};
{% endmacro %}
