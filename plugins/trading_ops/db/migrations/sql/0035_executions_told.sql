-- What was executed of a ticket is told by a mail of its own kind.
alter table desk.outbox drop constraint outbox_kind_check;
alter table desk.outbox add constraint outbox_kind_check
    check (kind in ('ticket', 'reminder', 'escalation', 'daily_report', 'executions', 'alert', 'test'));
