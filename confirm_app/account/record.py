"""
What the forms about the account share: their untouched fields, the ledger they are doubted against, and what
becomes of a refused one.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TypeVar

import psycopg
from flask import request

from confirm_app.account.plausibility import LedgerBalances, balances
from confirm_app.database import desk_settings, reading, write_once
from confirm_app.forms.fields import FieldError
from confirm_app.forms.posted import PostedForm
from confirm_app.one_time_key import new_key
from trading_ops.db.connect import queries
from trading_ops.universe.names import Names, instruments_by_name
from trading_ops.wording.instants import on_clock

T = TypeVar("T")


class NotRecorded(Exception):
    """The form was not recorded; it is to be shown again, with the reason, under an HTTP status."""

    def __init__(self, form: PostedForm, status: int) -> None:
        super().__init__(form.errors)
        self.form = form
        self.status = status


def fresh_values(now_at) -> dict[str, str]:
    """Return the fields of an untouched form: a new key and the time of now, in London."""
    return {
        "key": new_key(),
        "date": on_clock(now_at, "London", "%Y-%m-%d"),
        "time": on_clock(now_at, "London", "%H:%M:%S"),
    }


def prefilled(names: Iterable[str]) -> dict[str, str]:
    """Return the fields of a form that the address fills in; whoever sends the form has read them."""
    return {name: request.args[name] for name in names if name in request.args}


def is_recorded(key: str) -> bool:
    """
    Say whether a form with this key is recorded already.

    Such a form is answered and asked nothing: by now the ledger it would be compared with holds it.
    """
    return queries.page.is_recorded(reading(), key=key)


def ledger_at(at: datetime) -> LedgerBalances:
    """Return what the desk's ledger held at an instant, as far as it is booked."""
    return balances(queries.page.entry_totals(reading(), portfolio_id=desk_settings().portfolio_id, at=at))


def instrument_names() -> list[Names]:
    """Return what people call each instrument of the universe in use."""
    return [Names(**row) for row in queries.page.instrument_names(reading())]


def symbol_of(ledger: LedgerBalances) -> Mapping[str, str]:
    """Return the instrument of each name that one alone has; what left the universe keeps its symbol."""
    found = instruments_by_name(instrument_names()).items()
    return {symbol: symbol for symbol in ledger.units} | {
        name: symbols[0] for name, symbols in found if len(symbols) == 1
    }


def record_once(work: Callable[[psycopg.Connection], T], form: PostedForm, field: str, send_again: str) -> T:
    """
    Return what a form's one write returns.

    Raises NotRecorded, the reason beside `field`, when the form was sent before with other figures
    (it then has a new key, and `send_again` says what for) or the database refuses these.
    """
    try:
        return write_once(work)
    except psycopg.errors.UniqueViolation:
        message = (
            "This form was already sent with other figures, and the first ones are recorded. "
            f"Send again {send_again}."
        )
        raise NotRecorded(form.refused(FieldError(field, message), key=new_key()), 409) from None
    except (psycopg.IntegrityError, psycopg.DataError) as refusal:
        message = f"Not recorded: {refusal.diag.message_primary}"
        raise NotRecorded(form.refused(FieldError(field, message)), 422) from None
