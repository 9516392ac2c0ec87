-- name: store_universe_version(universe_hash)!
-- A universe version, unless it is stored already; counts one when it is new.
insert into desk.universe_versions (universe_hash) values (:universe_hash)
on conflict (universe_hash) do nothing;

-- name: store_universe_entries*!
-- The rows of a universe version.
insert into desk.config_universe (
    universe_hash, internal_symbol, vendor_symbol, stooq_symbol, yahoo_symbol, etoro_search_name, currency,
    instrument_type, is_benchmark, is_tradable_underlying, is_enabled, notes, verified_by, verified_at
) values (
    :universe_hash, :internal_symbol, :vendor_symbol, :stooq_symbol, :yahoo_symbol, :etoro_search_name, :currency,
    :instrument_type, :is_benchmark, :is_tradable_underlying, :is_enabled, :notes, :verified_by, :verified_at
);

-- name: store_universe_aliases*!
-- The dated vendor names of a universe version.
insert into desk.config_aliases (
    universe_hash, source, vendor_symbol, internal_symbol, valid_from_date, valid_to_date
) values (:universe_hash, :source, :vendor_symbol, :internal_symbol, :valid_from_date, :valid_to_date);

-- name: activate_universe(universe_hash)$
-- Makes a stored universe the one active version.
select desk.activate_universe(:universe_hash);

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

-- name: record_switch(internal_symbol, is_enabled, reason_code, reason, run_id, dedupe_key, person)$
-- Switches a symbol once per dedupe_key; returns the number the first time and nothing after.
select desk.record_switch(
    :internal_symbol, :is_enabled, :reason_code, :reason, :run_id, :dedupe_key, :person
);

-- name: lock_switches()$
-- One person's switch at a time.
select pg_advisory_xact_lock(hashtext('trading_ops.switches')::bigint);

-- name: newest_switch(internal_symbol)$
-- The number of a symbol's newest switch, 0 when it has none.
select coalesce(max(switch_id), 0) from desk.symbol_switches where internal_symbol = :internal_symbol;

-- name: stored_universe_entries(universe_hash)
-- The rows of a stored universe.
select
    internal_symbol, vendor_symbol, stooq_symbol, yahoo_symbol, etoro_search_name, currency, instrument_type,
    is_benchmark, is_tradable_underlying, is_enabled, notes, verified_by, verified_at
from desk.config_universe
where universe_hash = :universe_hash
order by internal_symbol;

-- name: stored_aliases(universe_hash)
-- The dated vendor names of a stored universe.
select source, vendor_symbol, internal_symbol, valid_from_date, valid_to_date
from desk.config_aliases
where universe_hash = :universe_hash
order by source, vendor_symbol, valid_from_date;

-- name: newest_bars(names, as_of_date, data_snapshot_id)
-- The newest session up to a date of which a snapshot has a bar, per named instrument; null when it has none.
select name.internal_symbol, max(newest.session_date) as newest_date
from jsonb_to_recordset(:names::jsonb) as name (
    source text, vendor_symbol text, internal_symbol text, valid_from_date date, valid_to_date date
)
left join lateral (
    select bar.session_date
    from raw.eod_bars as bar
    where bar.source = name.source
        and bar.vendor_symbol = name.vendor_symbol
        and bar.session_date between name.valid_from_date and least(name.valid_to_date, :as_of_date)
        and bar.load_id <= :data_snapshot_id
    order by bar.session_date desc
    limit 1
) as newest on true
group by name.internal_symbol
order by name.internal_symbol;

-- name: stored_switch_keys(dedupe_keys)
-- Which of some switches were made already.
select dedupe_key from desk.symbol_switches where dedupe_key = any(:dedupe_keys);

-- name: disabled_for_missing_bars_since(first_date)
-- Symbols the desk itself switched off for missing bars in runs as of a date or later.
select distinct switch.internal_symbol
from desk.symbol_switches as switch
inner join desk.runs as run on run.run_id = switch.run_id
where switch.reason_code = 'MISSING_BARS'
    and not switch.is_enabled
    and run.as_of_date >= :first_date
order by switch.internal_symbol;

-- name: untradable_lines()
-- Lines an executor reported as not offered by the broker, as their newest version says, and not switched off for yet.
select
    confirmation.confirmation_id, confirmation.ticket_id, confirmation.line_number, confirmation.person,
    confirmation.notes, intended.run_id, intended.internal_symbol
from desk.untradable_reports as report
inner join desk.confirmations as confirmation
    on confirmation.confirmation_id = report.confirmation_id and confirmation.status = 'FAILED'
inner join desk.ticket_lines as line
    on line.ticket_id = confirmation.ticket_id and line.line_number = confirmation.line_number
inner join desk.ledger_trades_intended as intended
    on intended.run_id = line.run_id and intended.line_number = line.line_number
where not exists (
        select from desk.confirmations as later
        where later.ticket_id = confirmation.ticket_id
            and later.line_number = confirmation.line_number
            and later.version_number > confirmation.version_number
    )
    and not exists (
        select from desk.symbol_switches as switch
        where switch.dedupe_key = 'UNTRADABLE:' || confirmation.confirmation_id
    )
order by confirmation.confirmation_id;

-- name: desk()^
-- What time it is on the desk, and whether it is a real one.
select desk.now() as now_at, environment from desk.instance;

-- name: series(names, sessions)
-- Each source's history of each named instrument: how long it is and what it lacks between its ends.
with calendar as (
    select session_date, number
    from unnest(:sessions::date[]) with ordinality as listed (session_date, number)
),

bars as (
    select distinct name.internal_symbol, name.source, bar.session_date
    from jsonb_to_recordset(:names::jsonb) as name (
        source text, vendor_symbol text, internal_symbol text, valid_from_date date, valid_to_date date
    )
    inner join raw.eod_bars as bar
        on bar.source = name.source
        and bar.vendor_symbol = name.vendor_symbol
        and bar.session_date between name.valid_from_date and name.valid_to_date
),

numbered as (
    select
        bars.*,
        calendar.number - lag(calendar.number) over (
            partition by bars.internal_symbol, bars.source order by calendar.number
        ) - 1 as missing_count
    from bars
    inner join calendar using (session_date)
)

select
    internal_symbol,
    source,
    min(session_date) as first_date,
    max(session_date) as newest_date,
    count(*) as bars_count,
    count(*) filter (where missing_count > 0) as gaps_count,
    coalesce(sum(missing_count), 0)::integer as missing_count,
    max(session_date) filter (where missing_count > 0) as newest_gap_end_date
from numbered
group by internal_symbol, source
order by internal_symbol, source;

-- name: recent(names, first_date, last_date)
-- The sessions of a span for which any source has a bar, per named instrument.
select distinct name.internal_symbol, bar.session_date
from jsonb_to_recordset(:names::jsonb) as name (
    source text, vendor_symbol text, internal_symbol text, valid_from_date date, valid_to_date date
)
inner join raw.eod_bars as bar
    on bar.source = name.source
    and bar.vendor_symbol = name.vendor_symbol
    and bar.session_date between greatest(name.valid_from_date, :first_date) and least(name.valid_to_date, :last_date);

-- name: quarantined(names, first_date, last_date)
-- The newest reason why a vendor's row of a session was left out, per named instrument.
select distinct on (name.internal_symbol, quarantined.session_date)
    name.internal_symbol, quarantined.session_date, quarantined.source, quarantined.reason
from jsonb_to_recordset(:names::jsonb) as name (
    source text, vendor_symbol text, internal_symbol text, valid_from_date date, valid_to_date date
)
inner join raw.quarantined_rows as quarantined
    on quarantined.source = name.source
    and quarantined.vendor_symbol = name.vendor_symbol
    and quarantined.session_date
        between greatest(name.valid_from_date, :first_date) and least(name.valid_to_date, :last_date)
order by name.internal_symbol, quarantined.session_date, quarantined.quarantine_id desc;

-- name: unfit_bars(first_date)
-- The bars that the newest build found broken or unfinished.
select internal_symbol, session_date, is_broken, is_unfinished
from intermediate.int_market__bars
where session_date >= :first_date and (is_broken or is_unfinished);

-- name: verified_stocks()
-- The stocks of the universe in use, who looked each up at the broker last, and whether that still counts.
select
    stock.internal_symbol, stock.etoro_search_name, stock.is_enabled, stock.verified_date, stock.person,
    stock.is_offered,
    coalesce(
        stock.is_offered
        and (desk.now() at time zone 'Europe/London')::date - stock.verified_date <= age.limit_value,
        false
    ) as is_verified
from desk.symbols_verified as stock
inner join desk.universe_versions as version on version.universe_hash = stock.universe_hash and version.is_active
left join (
    select policy_limit.limit_value
    from desk.config_policy as policy
    inner join desk.policy_limits as policy_limit on policy_limit.policy_hash = policy.policy_hash
    where policy.is_active and policy_limit.limit_name = 'universe.verified_age_days_max'
) as age on true
order by stock.is_enabled desc, stock.verified_date nulls first, stock.internal_symbol;

-- name: verify_symbol(symbol, search_name, is_found, person, key)$
-- Writes what a person found at the broker, once per key.
select desk.verify_symbol(:symbol, :search_name, :is_found, :person, :key);

-- name: not_offered()
-- Symbols a person did not find at the broker, by their newest word on it, and not switched off for it yet.
select said.verification_id, said.internal_symbol, said.etoro_search_name, said.person
from (
    select distinct on (internal_symbol, etoro_search_name) *
    from desk.symbol_verifications
    order by internal_symbol, etoro_search_name, verification_id desc
) as said
where not said.is_offered
    and not exists (
        select from desk.symbol_switches as switch
        where switch.dedupe_key = 'NOT_OFFERED:' || said.verification_id
    )
order by said.verification_id;
