-- A mail refused for good is told apart from one refused for now, and both from a way out that is closed to every mail.

alter table desk.outbox_deliveries
    drop constraint outbox_deliveries_status_check,
    add constraint outbox_deliveries_status_check check (status in ('sent', 'failed', 'refused', 'waiting'));
comment on column desk.outbox_deliveries.status is
    'sent; failed: this mail was not taken now; refused: it never will be; waiting: no mail could go out, which counts against none.';
