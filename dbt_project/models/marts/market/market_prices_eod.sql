-- The published prices, the whole history of every symbol: the newest part, or all of it, replaced
-- by the candidate after its audit, and nothing else.
-- depends_on: {{ ref('stg_market__ranges') }}
-- depends_on: {{ ref('int_market__history_cuts') }}
{{ config(
    materialized='incremental',
    incremental_strategy='replace_ranges',
    on_schema_change='fail',
    pre_hook="{{ forget_publications() }}",
) }}

select
    internal_symbol,
    session_date,
    as_traded_open_usd,
    as_traded_high_usd,
    as_traded_low_usd,
    as_traded_close_usd,
    as_traded_volume_units,
    split_factor,
    total_return_factor,
    adj_open_usd,
    adj_high_usd,
    adj_low_usd,
    adj_close_usd,
    adj_volume_units,
    source,
    price_basis
from {{ ref('int_market__prices_candidate') }}
