-- What a load did to each symbol, what vendors call an instrument and when, the calendar a run was
-- frozen with, and symbols switched off.

alter table raw.loads add column duration_ms bigint not null default 0 check (duration_ms >= 0);

-- What the loader refuses, the table refuses as well. NaN is above Infinity, so the upper limits keep it out.
alter table raw.eod_bars
    add constraint eod_bars_hold_prices check (
        low_price > 0
        and high_price < 'Infinity'
        and open_price between low_price and high_price
        and close_price between low_price and high_price
        and volume_units >= 0
        and volume_units < 'Infinity'
    ),
    add constraint eod_bars_hold_adjusted_prices check (adj_close_price > 0 and adj_close_price < 'Infinity');
alter table raw.corporate_actions
    add constraint corporate_actions_are_possible check (
        value < 'Infinity' and (value > 0 or (kind = 'dividend' and value = 0))
    );

create table raw.load_results (
    load_id bigint not null references raw.loads (load_id),
    source text not null,
    vendor_symbol text not null,
    outcome text not null check (
        outcome in (
            'stored', 'restated', 'unchanged', 'refused', 'needs_history',
            'blocked', 'limit', 'no_data', 'not_found', 'failed'
        )
    ),
    rows_new_count bigint not null default 0 check (rows_new_count >= 0),
    rows_changed_count bigint not null default 0 check (rows_changed_count >= 0),
    rows_unchanged_count bigint not null default 0 check (rows_unchanged_count >= 0),
    rows_quarantined_count bigint not null default 0 check (rows_quarantined_count >= 0),
    first_written_date date,
    duration_ms bigint not null default 0 check (duration_ms >= 0),
    detail text not null default '',
    created_at timestamptz not null default desk.now(),
    primary key (load_id, source, vendor_symbol),
    check ((first_written_date is not null) = (rows_new_count + rows_changed_count > 0))
);
comment on table raw.load_results is
    'What became of each symbol in a load: rows written, or why none was. outcome needs_history: the vendor has '
    'rescaled its history and this file does not hold the whole of it, so the stored one is on an old scale.';
comment on column raw.load_results.first_written_date is
    'The oldest session of which the load wrote a bar of this symbol; inv.s9_bars_are_reported proves it. dbt reads from it what to build again.';

create table raw.quarantined_rows (
    quarantine_id bigint generated always as identity primary key,
    load_id bigint not null references raw.loads (load_id),
    source text not null,
    vendor_symbol text not null,
    file_name text not null,
    line_number bigint not null check (line_number >= 1),
    field text not null,
    session_date date,
    reason text not null,
    row_text text not null,
    created_at timestamptz not null default desk.now()
);
comment on table raw.quarantined_rows is
    'Rows left out of a file that was otherwise accepted, as the vendor wrote them, each with the reason.';

create table raw.restatements (
    load_id bigint not null references raw.loads (load_id),
    source text not null,
    vendor_symbol text not null,
    kind text not null check (kind in ('rescaled', 'revised')),
    ratio numeric,
    largest_ratio numeric not null,
    bars_count bigint not null check (bars_count > 0),
    first_date date not null,
    last_date date not null,
    created_at timestamptz not null default desk.now(),
    primary key (load_id, source, vendor_symbol),
    check ((kind = 'rescaled') = (ratio is not null))
);
comment on table raw.restatements is
    'Where a vendor changed bars it had given before. rescaled: by one constant ratio over the whole overlap. '
    'revised: anything else; largest_ratio is the largest |new close / old close - 1|.';

create view inv.s9_bars_are_reported as
select bar.load_id, bar.source, bar.vendor_symbol, bar.session_date
from raw.eod_bars as bar
left join raw.load_results as result using (load_id, source, vendor_symbol)
where result.first_written_date is null or result.first_written_date > bar.session_date;
comment on view inv.s9_bars_are_reported is 'Every stored bar is covered by what its load says it wrote of the symbol.';

-- A run's calendar, so that SQL knows which session was expected when. Written once per calendar.
create table desk.calendar_sessions (
    calendar_hash text not null,
    session_date date not null,
    open_at timestamptz not null,
    close_at timestamptz not null,
    expected_at timestamptz not null,
    primary key (calendar_hash, session_date),
    check (open_at < close_at and close_at < expected_at)
);
comment on column desk.calendar_sessions.expected_at is
    'From this instant on the bar of the session must be there: the daily run after it.';

alter table desk.config_universe
    add column verified_by text not null default '',
    add column verified_at date;
comment on column desk.config_universe.verified_by is 'Who found the instrument on eToro under its search name; empty: nobody yet.';

create table desk.config_aliases (
    universe_hash text not null references desk.universe_versions (universe_hash),
    source text not null,
    vendor_symbol text not null,
    internal_symbol text not null,
    valid_from_date date not null,
    valid_to_date date not null,
    primary key (universe_hash, source, vendor_symbol, valid_from_date),
    foreign key (universe_hash, internal_symbol) references desk.config_universe (universe_hash, internal_symbol),
    check (valid_from_date <= valid_to_date)
);
comment on table desk.config_aliases is
    'Which sessions of a vendor''s symbol belong to which instrument. An instrument with an alias at a source has '
    'only its aliases there; one without has the name of the universe at every date.';

create table desk.symbol_switches (
    switch_id bigint generated always as identity primary key,
    internal_symbol text not null,
    is_enabled boolean not null,
    reason_code text not null check (reason_code in ('MISSING_BARS', 'UNTRADABLE', 'PERSON')),
    reason text not null check (reason <> ''),
    run_id text references desk.runs (run_id),
    dedupe_key text not null unique,
    decided_by text not null default session_user,
    created_at timestamptz not null default desk.now()
);
comment on table desk.symbol_switches is
    'Symbols the desk or a person switched off, and on again. The newest row of a symbol counts; a run is frozen '
    'with the symbol disabled while it says so.';

-- What the page knows beyond "FAILED"; the desk switches the symbol off for it.
create table desk.untradable_reports (
    confirmation_id bigint primary key references desk.confirmations (confirmation_id),
    created_at timestamptz not null default desk.now()
);
comment on table desk.untradable_reports is
    'Failed lines of which the executor said that the broker does not offer the stock itself: not found, or only '
    'as a CFD or with leverage. It counts while its confirmation is the newest version of the line.';

insert into desk.required_checks (gate, check_name) values
    ('data_quality', 'sources_agree'),
    ('data_quality', 'series_distinct'),
    ('data_quality', 'history_current'),
    ('data_quality', 'actions_sound');

call desk.make_append_only('raw.load_results');
call desk.make_append_only('raw.quarantined_rows');
call desk.make_append_only('raw.restatements');
call desk.make_append_only('desk.calendar_sessions');
call desk.make_append_only('desk.config_aliases');
call desk.make_append_only('desk.symbol_switches');
call desk.make_append_only('desk.untradable_reports');

grant insert, select on raw.load_results, raw.quarantined_rows, raw.restatements to desk_loader;
grant select on raw.load_results, raw.quarantined_rows, raw.restatements
    to desk_dbt, desk_planner, desk_reader, desk_backup;
grant insert, select on desk.calendar_sessions, desk.config_aliases, desk.symbol_switches to desk_planner;
grant select on desk.calendar_sessions, desk.config_aliases, desk.symbol_switches
    to desk_loader, desk_dbt, desk_app, desk_mailer, desk_reader, desk_backup;
grant insert, select on desk.untradable_reports to desk_app;
grant select on desk.untradable_reports to desk_planner, desk_reader, desk_backup;
grant select on inv.s9_bars_are_reported to desk_reader, desk_planner, desk_backup;
