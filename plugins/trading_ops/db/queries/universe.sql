-- name: disabled_symbols()
-- The symbols whose newest switch says disabled, with what it says.
select internal_symbol, reason
from (
    select distinct on (internal_symbol) internal_symbol, is_enabled, reason
    from desk.symbol_switches
    order by internal_symbol, switch_id desc
) as newest
where not is_enabled
order by internal_symbol;

-- name: insert_symbol_switch(internal_symbol, is_enabled, reason_code, reason, run_id, dedupe_key, decided_by)$
-- Switches a symbol once per dedupe_key; returns the number the first time and nothing after.
insert into desk.symbol_switches (
    internal_symbol, is_enabled, reason_code, reason, run_id, dedupe_key, decided_by
) values (
    :internal_symbol, :is_enabled, :reason_code, :reason, :run_id, :dedupe_key, coalesce(:decided_by, session_user)
)
on conflict (dedupe_key) do nothing
returning switch_id;
