{#- The checks in the order the desk names them; a model that is missing here leaves its check blocked. -#}
{% set checks = [
    'data_quality_benchmark_present', 'data_quality_coverage', 'data_quality_freshness', 'data_quality_no_duplicates',
    'data_quality_prices_valid', 'data_quality_jumps_explained', 'data_quality_universe_not_empty', 'data_quality_fx_present',
    'data_quality_sources_agree', 'data_quality_series_distinct', 'data_quality_history_current', 'data_quality_actions_sound',
    'confirmation_previous_ticket_confirmed',
    'reconciliation_snapshot_recent', 'reconciliation_snapshot_after_last_fill', 'reconciliation_cash_matches',
    'reconciliation_positions_match', 'reconciliation_positions_known',
    'risk_riskguard_agrees', 'risk_positions_count', 'risk_position_weight', 'risk_cash_buffer', 'risk_turnover',
    'risk_long_only', 'risk_symbols_tradable', 'risk_sizes_possible', 'risk_drawdown', 'risk_price_band',
    'risk_daily_loss', 'risk_halt_released', 'risk_model_approved',
] -%}
-- One verdict per required check of the run. The list of checks comes from the desk and not from
-- what
-- was computed, so a check that is absent, null or there twice is blocked.
with run as (
    select * from {{ ref('stg_desk__runs') }}
),

found as (
    {% for check in checks -%}
    select * from {{ ref('gate_' ~ check) }}
    {%- if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}
),

counted as (
    select
        *,
        count(*) over (partition by run_id, gate, check_name) as rows_count,
        row_number() over (
            partition by run_id, gate, check_name order by is_clear nulls first
        ) as row_position
    from found
)

select
    run.run_id,
    required.gate,
    required.check_name,
    counted.observed_value,
    counted.limit_value,
    coalesce(counted.is_clear and counted.rows_count = 1, false) as is_clear,
    case
        when counted.run_id is null then 'no verdict was computed'
        when counted.rows_count > 1 then
            format('the check has %s verdicts instead of one', counted.rows_count)
        else coalesce(counted.reason, 'the verdict has no reason')
    end as reason,
    case
        when coalesce(counted.is_clear and counted.rows_count = 1, false) then ''
        else coalesce(nullif(counted.fix, ''), 'Build the gates of this run again and read the log.')
    end as fix
from run
cross join {{ ref('stg_desk__required_checks') }} as required
left join counted
    on counted.run_id = run.run_id
    and counted.gate = required.gate
    and counted.check_name = required.check_name
    and counted.row_position = 1
