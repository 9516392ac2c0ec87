-- A desk for real money trades only what a person found at the broker, and only while its mail reaches people; who may
-- correct whose confirmation, and until when, is policy.

insert into desk.required_checks (gate, check_name) values
    ('risk', 'symbols_verified'),
    ('risk', 'mail_reaches_people');

create table desk.symbol_verifications (
    verification_id bigint generated always as identity primary key,
    internal_symbol text not null,
    etoro_search_name text not null,
    is_offered boolean not null,
    person text not null,
    idempotency_key text not null unique,
    created_at timestamptz not null default desk.now()
);
comment on table desk.symbol_verifications is
    'Who looked an instrument up at the broker under its search name, and whether it is offered there as a stock in USD. '
    'The newest row of symbol and name counts.';
create index symbol_verifications_by_name on desk.symbol_verifications (internal_symbol, etoro_search_name);
call desk.make_append_only('desk.symbol_verifications');

-- A name that was changed since is another one to look up, in the file as well, but what was not offered stays so until somebody finds it.
create view desk.symbols_verified as
select
    universe.universe_hash,
    universe.internal_symbol,
    universe.etoro_search_name,
    universe.is_enabled,
    newest.verified_date,
    newest.person,
    newest.is_offered
from desk.config_universe as universe
left join lateral (
    select said.verified_date, said.person, said.is_offered
    from (
        select
            (ticked.created_at at time zone 'Europe/London')::date as verified_date, ticked.person, ticked.is_offered,
            ticked.verification_id
        from desk.symbol_verifications as ticked
        where ticked.internal_symbol = universe.internal_symbol
            and (ticked.etoro_search_name = universe.etoro_search_name or not ticked.is_offered)
        union all
        select universe.verified_at, universe.verified_by, true, 0
        where universe.verified_at is not null
            and not exists (
                select from desk.config_universe as other
                where other.internal_symbol = universe.internal_symbol
                    and other.verified_at = universe.verified_at
                    and other.etoro_search_name <> universe.etoro_search_name
            )
    ) as said
    order by said.verified_date desc, said.verification_id desc
    limit 1
) as newest on true
where universe.is_tradable_underlying;
comment on view desk.symbols_verified is
    'The stocks of every universe, each with the newest word of a person on it: a tick on the page or the file''s own '
    'columns; null when nobody has looked yet.';
grant select on desk.symbol_verifications to desk_app, desk_planner, desk_reader, desk_backup;
grant select on desk.symbols_verified to desk_app, desk_planner, desk_dbt, desk_reader, desk_backup;

-- Once per key; the desk switches off what is not offered, as it does after a failed line.
create function desk.verify_symbol(
    verified_symbol text, verified_name text, is_found boolean, verified_by text, key text
) returns void
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    new_verification_id bigint;
    earlier desk.symbol_verifications;
begin
    if not exists (select from desk.people where person_id = verified_by and role <> 'gone') then
        raise exception '% is nobody the desk knows', coalesce(verified_by, 'nobody')
            using errcode = 'check_violation', constraint = 'a_person_verifies';
    end if;
    if not exists (
        select from desk.symbols_verified as stock
        inner join desk.universe_versions as version
            on version.universe_hash = stock.universe_hash and version.is_active
        where stock.internal_symbol = verified_symbol and stock.etoro_search_name = verified_name
    ) then
        raise exception 'the universe has no stock % under the name %', verified_symbol, verified_name
            using errcode = 'check_violation', constraint = 'verified_is_known';
    end if;
    insert into desk.symbol_verifications (internal_symbol, etoro_search_name, is_offered, person, idempotency_key)
    values (verified_symbol, verified_name, is_found, verified_by, key)
    on conflict (idempotency_key) do nothing
    returning verification_id into new_verification_id;
    if new_verification_id is not null then
        perform desk.audit(
            verified_by, case when is_found then 'symbol_verified' else 'symbol_not_offered' end, verified_symbol,
            jsonb_build_object('verification_id', new_verification_id, 'etoro_search_name', verified_name)
        );
        return;
    end if;
    select * into earlier from desk.symbol_verifications where idempotency_key = key;
    if (earlier.internal_symbol, earlier.etoro_search_name, earlier.is_offered, earlier.person)
        is distinct from (verified_symbol, verified_name, is_found, verified_by) then
        raise exception 'this form was already sent with another answer about %', verified_symbol
            using errcode = 'unique_violation', constraint = 'same_key_same_body';
    end if;
end
$$;
comment on function desk.verify_symbol(text, text, boolean, text, text) is
    'A person found a stock at the broker under its search name, or found that it is not offered there.';
grant execute on function desk.verify_symbol(text, text, boolean, text, text) to desk_app;

-- Where mail went when the run was frozen: the settings are the desk's, and SQL cannot read them.
alter table desk.runs
    add column mail_way text,
    add column mail_addresses jsonb check (jsonb_typeof(mail_addresses) = 'array');
comment on column desk.runs.mail_way is 'How mail went out when the run was frozen: smtp, or file. Null before this was kept.';
comment on column desk.runs.mail_addresses is 'The desk''s own address, the operator''s and the executor''s as the run was frozen.';

create function desk.mail_objection(way text, addresses jsonb) returns text
language sql immutable
set search_path = pg_catalog
return case
    when way is null or addresses is null or jsonb_array_length(addresses) = 0 then 'where mail goes is unknown'
    when way <> 'smtp' then format('mail goes to a %s, not to people', way)
    else coalesce(
        (
            select 'an example''s address is nobody''s: ' || string_agg(address, ', ' order by place)
            from jsonb_array_elements_text(addresses) with ordinality as listed (address, place)
            where address is null
                or address !~ '[^@\s]@[^@\s]+\.[^@\s.]+>?\s*$'
                or address ~* '[@.](example|example\.(com|net|org)|invalid|test|localhost)>?\s*$'
        ),
        ''
    )
end;
comment on function desk.mail_objection(text, jsonb) is 'Why mail does not reach people; empty when it may.';
grant execute on function desk.mail_objection(text, jsonb) to desk_planner, desk_dbt, desk_reader;

create function desk.is_live_run(asked_run_id text) returns boolean
language sql stable security definer
set search_path = pg_catalog, desk, pg_temp
return exists (
    select from desk.runs as run
    inner join desk.portfolios as portfolio on portfolio.portfolio_id = run.portfolio_id
    cross join desk.instance as instance
    where run.run_id = asked_run_id and portfolio.kind = 'live' and instance.environment = 'production'
);
comment on function desk.is_live_run(text) is 'Whether a run is of a book of real money on a desk in real time.';
grant execute on function desk.is_live_run(text) to desk_planner, desk_dbt, desk_reader;

create function desk.readiness_objections(judged_run_id text)
returns table (gate text, check_name text, objection text)
language sql stable
set search_path = pg_catalog, desk, pg_temp
begin atomic
    with run as (
        select * from desk.runs where run_id = judged_run_id and desk.is_live_run(run_id)
    ),

    unverified as (
        select string_agg(intended.internal_symbol, ', ' order by intended.internal_symbol) as symbols
        from run
        inner join desk.ledger_trades_intended as intended on intended.run_id = run.run_id
        left join desk.symbols_verified as stock
            on stock.universe_hash = run.universe_hash and stock.internal_symbol = intended.internal_symbol
        left join desk.policy_limits as age
            on age.policy_hash = run.policy_hash and age.limit_name = 'universe.verified_age_days_max'
        where not coalesce(
            stock.is_offered
            and (run.frozen_at at time zone 'Europe/London')::date - stock.verified_date <= age.limit_value,
            false
        )
    )

    select 'risk', 'symbols_verified', format('nobody found these on eToro lately: %s', symbols)
    from unverified
    where symbols is not null

    union all

    select 'risk', 'mail_reaches_people', found.objection
    from run
    cross join lateral desk.mail_objection(run.mail_way, run.mail_addresses) as found (objection)
    where found.objection <> '';
end;
comment on function desk.readiness_objections(text) is
    'Why a plan for real money may not trade although its prices and figures may be right, found without dbt.';

-- Every look of the desk's own; a further one is added here, and judge_gate stays as it is.
create function desk.all_objections(judged_run_id text)
returns table (gate text, check_name text, objection text)
language sql stable
set search_path = pg_catalog, desk, pg_temp
begin atomic
    select * from desk.objections(judged_run_id)
    union all
    select * from desk.rate_objections(judged_run_id)
    union all
    select * from desk.readiness_objections(judged_run_id);
end;
comment on function desk.all_objections(text) is 'Everything the desk''s own looks at a run object to.';

-- As before, by all of the desk's own looks.
create or replace function desk.judge_gate(judged_run_id text, judged_gate text) returns text
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    found_status text;
begin
    perform 1 from desk.runs where run_id = judged_run_id;
    if not found then
        raise exception 'run % does not exist', judged_run_id;
    end if;
    select status into found_status from desk.gate_results where run_id = judged_run_id and gate = judged_gate;
    if found then
        return found_status;
    end if;
    with objected as (
        select found.gate, found.check_name, string_agg(found.objection, '; ') as objection
        from desk.all_objections(judged_run_id) as found
        group by found.gate, found.check_name
    ),

    joined as (
        select
            required.check_name,
            verdict.run_id is not null as has_verdict,
            verdict.observed_value,
            verdict.limit_value,
            coalesce(verdict.is_clear and objected.objection is null, false) as is_clear,
            case
                when verdict.run_id is null then 'no verdict was computed for this run'
                when verdict.is_clear and objected.objection is not null then
                    'dbt found it clear, but the desk''s own look does not: ' || objected.objection
                else verdict.reason
            end as reason,
            case
                when verdict.run_id is null then 'Read the log of build_gates in Airflow, mend its cause, plan again.'
                when verdict.is_clear and objected.objection is not null then
                    'Do not trade. Find out who changed what dbt computes, as docs/SECURITY.md says; then plan again.'
                else verdict.fix
            end as fix
        from desk.required_checks as required
        left join desk.verdicts as verdict
            on verdict.run_id = judged_run_id
            and verdict.gate = required.gate
            and verdict.check_name = required.check_name
        left join objected on objected.gate = required.gate and objected.check_name = required.check_name
        where required.gate = judged_gate
    )

    insert into desk.gate_results (run_id, gate, status, checks)
    select
        judged_run_id,
        judged_gate,
        case when count(*) > 0 and bool_and(joined.is_clear) then 'PASS' else 'FAIL' end,
        coalesce(jsonb_agg(to_jsonb(joined) order by joined.check_name), '[]')
    from joined
    on conflict (run_id, gate) do nothing;
    select status into found_status from desk.gate_results where run_id = judged_run_id and gate = judged_gate;
    return found_status;
end
$$;

-- A line is corrected by an operator, or for some days by who recorded it as it stands: an operator's word is not
-- overwritten by an executor. A policy that names no days gives none.
create function desk.refuse_foreign_amendment() returns trigger
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    recorded record;
    days numeric;
begin
    if new.version_number = 1 or exists (
        select from desk.people where person_id = new.person and role = 'operator'
    ) then
        return new;
    end if;
    select (array_agg(person order by version_number desc))[1] as person, min(recorded_at) as first_at into recorded
    from desk.confirmations
    where ticket_id = new.ticket_id and line_number = new.line_number;
    if new.person is distinct from recorded.person then
        raise exception 'line % was recorded by %: they or an operator may correct it',
            new.line_number, recorded.person
            using errcode = 'check_violation', constraint = 'own_or_operator_amends';
    end if;
    select policy_limit.limit_value into days
    from desk.config_policy as policy
    inner join desk.policy_limits as policy_limit on policy_limit.policy_hash = policy.policy_hash
    where policy.is_active and policy_limit.limit_name = 'confirmation.amend_within_days';
    if desk.now() <= recorded.first_at + days * interval '1 day' then
        return new;
    end if;
    raise exception 'line % was recorded on %, and may be corrected for % days; after that an operator corrects it',
        new.line_number, recorded.first_at::date, coalesce(days, 0)
        using errcode = 'check_violation', constraint = 'amended_in_time';
end
$$;
create trigger refuse_foreign_amendment before insert on desk.confirmations
for each row execute function desk.refuse_foreign_amendment();
alter table desk.confirmations enable always trigger refuse_foreign_amendment;
