-- name: enqueue_mail(dedupe_key, kind, ticket_id, recipient, subject, body_text, body_html, attachments)!
-- Puts a mail into the outbox once per dedupe_key.
insert into desk.outbox (dedupe_key, kind, ticket_id, recipient, subject, body_text, body_html, attachments)
values (:dedupe_key, :kind, :ticket_id, :recipient, :subject, :body_text, :body_html, :attachments)
on conflict (dedupe_key) do nothing;

-- name: pending_mails(attempts_max)
-- Mail not sent and not given up yet, oldest first. Mail of a TRADE ticket waits while the desk is halted.
select outbox.mail_id
from desk.outbox
left join desk.tickets as ticket on ticket.ticket_id = outbox.ticket_id
where not exists (
        select from desk.outbox_deliveries as delivery
        where delivery.mail_id = outbox.mail_id
            and delivery.status in ('sent', 'refused')
    )
    and (
        select count(*) from desk.outbox_deliveries as delivery
        where delivery.mail_id = outbox.mail_id and delivery.status = 'failed'
    ) < :attempts_max
    and not (outbox.kind = 'ticket' and ticket.kind = 'TRADE' and desk.is_halted())
order by outbox.mail_id;

-- name: claim_mail(mail_id)$
-- Whether this transaction may send the mail: nobody else is at it.
select pg_try_advisory_xact_lock(hashtext('trading_ops.mail'), :mail_id::integer);

-- name: unsent_mail(mail_id)^
-- A mail with the number of its next attempt, or nothing when it has come to an end after all. odd_in_body: what in a
-- ticket's text is not its rows'.
select
    outbox.*,
    case when outbox.kind = 'ticket' then desk.odd_in_body(outbox.ticket_id) end as odd_in_body,
    (select coalesce(max(attempt_number), 0) + 1 from desk.outbox_deliveries where mail_id = outbox.mail_id) as attempt_number
from desk.outbox
where outbox.mail_id = :mail_id
    and not exists (
        select from desk.outbox_deliveries as delivery
        where delivery.mail_id = outbox.mail_id and delivery.status in ('sent', 'refused')
    );

-- name: record_delivery(mail_id, attempt_number, status, detail)!
-- Writes down how one attempt to send a mail ended.
insert into desk.outbox_deliveries (mail_id, attempt_number, status, detail)
values (:mail_id, :attempt_number, :status, :detail);

-- name: given_up(attempts_max)
-- Mail of the last week that nobody will get and no incident tells of: refused for good, or failed too often.
-- What tells of such a mail is not told of in its turn.
select outbox.mail_id, outbox.recipient, outbox.subject, last_try.detail
from desk.outbox
cross join lateral (
    select
        (array_agg(delivery.detail order by delivery.attempt_number desc))[1] as detail,
        bool_or(delivery.status = 'refused') as is_refused,
        bool_or(delivery.status = 'sent') as is_sent,
        count(*) filter (where delivery.status = 'failed') as failed_count
    from desk.outbox_deliveries as delivery
    where delivery.mail_id = outbox.mail_id
) as last_try
where (last_try.is_refused or last_try.failed_count >= :attempts_max)
    and not last_try.is_sent
    and outbox.created_at > desk.now() - interval '7 days'
    and not starts_with(outbox.dedupe_key, 'alert:MAIL_REFUSED:')
    and not exists (select from desk.incidents where incidents.dedupe_key = 'MAIL_REFUSED:' || outbox.mail_id)
order by outbox.mail_id;
