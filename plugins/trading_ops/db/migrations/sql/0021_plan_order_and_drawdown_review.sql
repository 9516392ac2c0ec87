-- Which plan comes after which is said once, and a drawdown a person has looked at stops the desk no longer.

-- When a ticket was issued says nothing: an older week can be planned again after this week's ticket is out.
create view desk.plan_order as
select
    run_id,
    portfolio_id,
    row_number() over (
        partition by portfolio_id
        order by (window_open_at at time zone 'America/New_York')::date, attempt_number, run_id
    ) as place_number
from desk.runs
where kind = 'plan';
comment on view desk.plan_order is
    'The plans of a portfolio in the order of the sessions they are executed in, then of their attempts.';
grant select on desk.plan_order to desk_dbt, desk_planner, desk_app, desk_reader, desk_backup;

create function desk.newer_ticket(planned_run_id text) returns text
language sql stable security definer
set search_path = pg_catalog, desk, pg_temp
begin atomic
    select newer.ticket_id
    from desk.plan_order as own
    inner join desk.plan_order as later
        on later.portfolio_id = own.portfolio_id and later.place_number > own.place_number
    inner join desk.tickets as newer on newer.run_id = later.run_id
    where own.run_id = planned_run_id
    order by later.place_number desc
    limit 1;
end;
comment on function desk.newer_ticket(text) is 'The newest ticket of the plans after a plan; null when none is out.';
grant execute on function desk.newer_ticket(text) to desk_planner, desk_app;

-- Whoever follows the newest ticket would not see it, and issue order is plan order for every TRADE.
create function desk.refuse_overtaken_trade() returns trigger
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    newer_ticket_id text := desk.newer_ticket(new.run_id);
begin
    if new.kind = 'TRADE' and newer_ticket_id is not null then
        raise exception 'a later plan has its ticket % already', newer_ticket_id
            using errcode = 'integrity_constraint_violation', constraint = 'newest_plan_trades';
    end if;
    return new;
end
$$;
create trigger refuse_overtaken_trade before insert on desk.tickets
for each row execute function desk.refuse_overtaken_trade();
alter table desk.tickets enable always trigger refuse_overtaken_trade;

create or replace view inv.i7_previous_trade_was_confirmed as
select ticket.ticket_id, previous.ticket_id as previous_ticket_id, line.line_number
from desk.tickets as ticket
inner join desk.plan_order as own on own.run_id = ticket.run_id
inner join lateral (
    select earlier.ticket_id
    from desk.tickets as earlier
    inner join desk.plan_order as before on before.run_id = earlier.run_id
    where earlier.portfolio_id = ticket.portfolio_id
        and earlier.kind = 'TRADE'
        and before.place_number < own.place_number
    order by before.place_number desc limit 1
) as previous on true
inner join desk.ticket_lines as line on line.ticket_id = previous.ticket_id
where ticket.kind = 'TRADE'
    and not exists (
        select from desk.confirmations as confirmation
        where confirmation.ticket_id = line.ticket_id
            and confirmation.line_number = line.line_number
            and confirmation.recorded_at <= ticket.issued_at
    );

-- A drawdown beyond its limit blocks every plan, and a book that may not trade cannot climb back. Once persons have
-- looked, the peak is counted anew from the session of the plan that found it; what was lost stays written.
create table desk.drawdown_reviews (
    review_id bigint generated always as identity primary key,
    run_id text not null references desk.runs (run_id),
    portfolio_id text not null references desk.portfolios (portfolio_id),
    as_of_date date not null,
    drawdown_ratio desk.ratio not null,
    limit_ratio desk.ratio not null check (drawdown_ratio >= limit_ratio),
    person text not null,
    reason text not null check (length(trim(reason)) > 0),
    is_complete boolean not null,
    created_at timestamptz not null default desk.now(),
    unique (run_id, person, is_complete)
);
comment on table desk.drawdown_reviews is
    'Operators who looked at a drawdown beyond its limit; from the one with is_complete on the peak is counted anew.';
create unique index one_review_of_a_session on desk.drawdown_reviews (portfolio_id, as_of_date) where is_complete;
call desk.make_append_only('desk.drawdown_reviews');

create function desk.newest_drawdown(asked_portfolio_id text)
returns table (
    run_id text, as_of_date date, frozen_at timestamptz, drawdown_ratio numeric, limit_ratio numeric,
    nothing_to_review_because text
)
language sql stable security definer
set search_path = pg_catalog, desk, pg_temp
begin atomic
    select
        run.run_id, run.as_of_date, run.frozen_at, found.drawdown_ratio, found.limit_ratio,
        case
            when result.run_id is null then
                format('the risk gate of the newest plan, %s, is not judged yet', run.run_id)
            when (found.drawdown_ratio >= found.limit_ratio and not found.is_clear) is not true then
                format('the newest plan, %s, found no drawdown beyond its limit', run.run_id)
            when exists (
                select from desk.drawdown_reviews as review
                where review.portfolio_id = run.portfolio_id
                    and review.is_complete
                    and (review.as_of_date >= run.as_of_date or review.created_at > run.frozen_at)
            ) then format('what the newest plan, %s, found is reviewed already', run.run_id)
            -- A plan is made each week; what it found may be over by then.
            when run.frozen_at <= desk.now() - interval '7 days' then
                format('the newest plan, %s, is more than a week old: plan again first', run.run_id)
        end
    from desk.plan_order as plan
    inner join desk.runs as run on run.run_id = plan.run_id
    left join desk.gate_results as result on result.run_id = run.run_id and result.gate = 'risk'
    left join lateral (
        select
            (judged ->> 'observed_value')::numeric as drawdown_ratio,
            (judged ->> 'limit_value')::numeric as limit_ratio,
            (judged ->> 'is_clear')::boolean as is_clear
        from jsonb_array_elements(result.checks) as judged
        where judged ->> 'check_name' = 'drawdown'
    ) as found on true
    where plan.portfolio_id = asked_portfolio_id
    order by plan.place_number desc
    limit 1;
end;
comment on function desk.newest_drawdown(text) is
    'The drawdown the newest plan of a portfolio was judged with, and why it cannot be reviewed; null when it can.';

-- Says whether the peak is counted anew; it is not while the policy asks for another operator.
create function desk.review_drawdown(reviewed_portfolio_id text, review_reason text, review_person text)
returns boolean
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    newest record;
    compared_snapshot_id bigint;
    objections text;
    needed_count numeric;
    is_last boolean;
begin
    -- One after the other, so a second operator sees the first.
    lock table desk.drawdown_reviews in share row exclusive mode;
    if not exists (select from desk.people where person_id = review_person and role = 'operator') then
        raise exception '% is no operator: only an operator reviews a drawdown', coalesce(review_person, 'nobody')
            using errcode = 'check_violation', constraint = 'operator_reviews';
    end if;
    if length(trim(coalesce(review_reason, ''))) = 0 then
        raise exception 'a drawdown is reviewed with a reason'
            using errcode = 'check_violation', constraint = 'review_has_a_reason';
    end if;
    select * into newest from desk.newest_drawdown(reviewed_portfolio_id);
    if newest.run_id is null then
        raise exception 'there is nothing to review: portfolio % has no plan', coalesce(reviewed_portfolio_id, 'null')
            using errcode = 'check_violation', constraint = 'drawdown_to_review';
    end if;
    if newest.nothing_to_review_because is not null then
        raise exception 'there is nothing to review: %', newest.nothing_to_review_because
            using errcode = 'check_violation', constraint = 'drawdown_to_review';
    end if;
    select snapshot_id into compared_snapshot_id
    from desk.broker_snapshots
    where portfolio_id = reviewed_portfolio_id and taken_at >= newest.frozen_at
    order by taken_at desc, snapshot_id desc
    limit 1;
    select string_agg(objected.objection, '; ' order by objected.check_name) into objections
    from desk.snapshot_objections(
        compared_snapshot_id,
        desk.now(),
        (select policy_hash from desk.config_policy where is_active),
        (select universe_hash from desk.universe_versions where is_active)
    ) as objected;
    if compared_snapshot_id is null or objections is not null then
        raise exception '%', coalesce(
            objections,
            format('a broker snapshot taken after the plan was frozen (%s) is needed first', newest.frozen_at)
        ) using errcode = 'check_violation', constraint = 'reconcile_before_review';
    end if;
    select coalesce(max(policy_limit.limit_value), 1) into needed_count
    from desk.config_policy as policy
    inner join desk.policy_limits as policy_limit on policy_limit.policy_hash = policy.policy_hash
    where policy.is_active and policy_limit.limit_name = 'risk.release_persons_min';
    is_last := needed_count <= 1 + (
        select count(distinct person)
        from desk.drawdown_reviews
        where run_id = newest.run_id and person <> review_person
    );
    insert into desk.drawdown_reviews (
        run_id, portfolio_id, as_of_date, drawdown_ratio, limit_ratio, person, reason, is_complete
    ) values (
        newest.run_id, reviewed_portfolio_id, newest.as_of_date, newest.drawdown_ratio, newest.limit_ratio, review_person,
        review_reason, is_last
    ) on conflict (run_id, person, is_complete) do nothing;
    perform desk.audit(
        review_person,
        case when is_last then 'drawdown_reviewed' else 'drawdown_review_approved' end,
        newest.run_id,
        jsonb_build_object(
            'portfolio_id', reviewed_portfolio_id, 'as_of_date', newest.as_of_date, 'reason', review_reason,
            'drawdown_ratio', newest.drawdown_ratio::text, 'limit_ratio', newest.limit_ratio::text
        )
    );
    return is_last;
end
$$;
comment on function desk.review_drawdown(text, text, text) is
    'Lets the peak of a portfolio be counted anew from the session of its newest plan, which found it beyond its limit.';

grant execute on function desk.newest_drawdown(text), desk.review_drawdown(text, text, text)
    to desk_app, desk_planner;
grant select on desk.drawdown_reviews to desk_dbt, desk_app, desk_planner, desk_reader, desk_backup;
