"""
The calendar invite for an execution window.

Pure. The UID is the ticket's, so the same invite received twice is one appointment.
"""

from datetime import datetime, timedelta

from icalendar import Alarm, Calendar, Event, vCalAddress

from trading_ops.addresses import one_address
from trading_ops.comms.letters import Attachment
from trading_ops.tickets.build import Ticket

REMIND_BEFORE = timedelta(minutes=15)


def execution_invite(ticket: Ticket, link: str, mail_from: str, now_at: datetime) -> Attachment:
    """Return a text/calendar file for a TRADE ticket's window, in UTC and without any order."""
    sender = one_address(mail_from)
    organizer = vCalAddress(f"mailto:{sender.address}")
    organizer.params["cn"] = sender.name or "Trading Ops"
    event = Event()
    event.add("uid", f"{ticket.ticket_id}@{sender.domain}")
    event.add("sequence", 0)
    event.add("organizer", organizer)
    event.add("dtstamp", now_at)
    event.add("dtstart", ticket.window_open_at)
    event.add("dtend", ticket.window_close_at)
    event.add("summary", f"{ticket.label + ': ' if ticket.label else ''}Execute {ticket.ticket_id}")
    event.add("description", f"{len(ticket.lines)} lines are on the page: {link}")
    event.add("url", link)
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", f"Execute {ticket.ticket_id}")
    alarm.add("trigger", -REMIND_BEFORE)
    event.add_component(alarm)
    calendar = Calendar()
    calendar.add("prodid", "-//Trading Ops//Execution window//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    return Attachment(
        filename=f"{ticket.ticket_id}.ics",
        content_type="text/calendar; method=PUBLISH",
        content=calendar.to_ical().decode(),
    )
