-- A plan that was frozen ends in a ticket within hours, whatever became of the machine that ran it.

create view desk.plans_without_ticket as
select run.run_id, run.portfolio_id, run.plan_week, run.frozen_at
from desk.runs as run
where run.kind = 'plan' and not exists (select from desk.tickets as ticket where ticket.run_id = run.run_id);
comment on view desk.plans_without_ticket is
    'Frozen plans that have not come to their ticket; after three hours they are ended from outside.';

-- It waited for the deadline of Monday's window, two days after anybody could have known.
drop view inv.i2_one_ticket_per_plan_run;
create view inv.i2_one_ticket_per_plan_run as
select run_id, frozen_at
from desk.plans_without_ticket
where desk.now() > frozen_at + interval '4 hours';
comment on view inv.i2_one_ticket_per_plan_run is
    'A plan has its ticket four hours after it was frozen: Airflow gives it up after three, and what watches ends it then.';

grant select on desk.plans_without_ticket to desk_app, desk_planner, desk_reader, desk_backup;
grant select on inv.i2_one_ticket_per_plan_run to desk_reader, desk_planner, desk_backup;
