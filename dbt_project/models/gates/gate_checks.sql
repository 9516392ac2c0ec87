{#- In the order the desk names them; a model that is missing here leaves its check blocked. -#}
{% set checks = [
    'data_quality_benchmark_present', 'data_quality_coverage', 'data_quality_freshness',
    'data_quality_no_duplicates', 'data_quality_prices_valid', 'data_quality_jumps_explained',
    'data_quality_universe_not_empty', 'data_quality_fx_present', 'data_quality_fx_plausible',
    'data_quality_sources_agree', 'data_quality_series_distinct',
    'data_quality_history_current', 'data_quality_actions_sound', 'data_quality_calendar_agrees',
    'confirmation_previous_ticket_confirmed',
    'reconciliation_snapshot_recent', 'reconciliation_snapshot_after_last_entry',
    'reconciliation_cash_matches', 'reconciliation_positions_match', 'reconciliation_positions_known',
    'risk_riskguard_agrees', 'risk_positions_count', 'risk_position_weight', 'risk_cash_buffer',
    'risk_turnover', 'risk_long_only', 'risk_symbols_tradable', 'risk_sizes_possible', 'risk_drawdown',
    'risk_price_band', 'risk_daily_loss', 'risk_equity_jump', 'risk_halt_released', 'risk_model_approved',
    'risk_clock_right', 'risk_symbols_verified', 'risk_mail_reaches_people',
] -%}
-- What every check found, one under the other. Which of them the run needs, and whether it has each of them
-- once, is for gate_verdicts to say.
{% for check in checks -%}
select * from {{ ref('gate_' ~ check) }}
{%- if not loop.last %}
union all
{% endif %}
{%- endfor %}
