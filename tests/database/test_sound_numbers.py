"""No NaN, no Infinity, no time that cannot be: not through a table, not through a function of the desk."""

import json
from datetime import timedelta

import pytest

from tests.database import judged, rows
from tests.database.refused import refused_by
from trading_ops.db.connect import connect

NO_NUMBERS = ("NaN", "Infinity", "-Infinity", "1e130")


@pytest.fixture
def saturday(desk):
    """The desk on the plan's Saturday morning."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    return desk


def test_every_number_is_of_a_domain(saturday):
    """A numeric column of raw or desk that takes NaN or Infinity has to be seen here first."""
    with rows.superuser(saturday) as connection:
        bare = connection.execute(
            """
            select format('%s.%s.%s', nspname, relname, attname) as name
            from pg_attribute
            inner join pg_class on pg_class.oid = attrelid
            inner join pg_namespace on pg_namespace.oid = relnamespace
            where nspname in ('raw', 'desk') and relkind in ('r', 'p') and attnum > 0 and not attisdropped
                and atttypid in ('numeric'::regtype, 'real'::regtype, 'double precision'::regtype)
            """
        ).fetchall()
        domains = [
            row["name"]
            for row in connection.execute(
                "select format('%s.%s', typnamespace::regnamespace, typname) as name from pg_type"
                " where typtype = 'd' and typbasetype = 'numeric'::regtype and typnamespace = 'desk'::regnamespace"
            )
        ]
        assert bare == []
        assert len(domains) == 7
        for domain in domains:
            for value in NO_NUMBERS:
                with refused_by(f"{domain.removeprefix('desk.')}_check"):
                    connection.execute(f"select '{value}'::{domain}")


def fill(**changes) -> dict:
    """A fill of 5 units at 100 USD for 400 GBP."""
    return {
        "units": "5", "price_usd": "100", "value_gbp": "400.00", "fee_gbp": "0",
        "executed_at": (rows.WINDOW_OPEN_AT + timedelta(minutes=5)).isoformat(), **changes,
    }  # fmt: skip


def test_a_confirmation_with_a_number_that_is_none_is_refused(saturday):
    """One NaN would be the balance for ever; nor did it happen at a time that is none."""
    ticket_id = rows.add_trade_ticket(saturday)
    rows.set_clock(saturday, rows.WINDOW_CLOSE_AT)
    domains = {"units": "units", "price_usd": "price", "value_gbp": "money", "fee_gbp": "money"}
    wrong = [(name, value, f"{domain}_check") for name, domain in domains.items() for value in NO_NUMBERS]
    wrong += [("executed_at", value, "executed_by_now") for value in ("infinity", "2099-01-01Z")]
    wrong += [("executed_at", value, "executed_after_issue") for value in ("-infinity", "1999-12-31Z")]
    for name, value, constraint in wrong:
        with refused_by(constraint):
            rows.confirm_line(saturday, ticket_id, 1, "DONE", [fill(**{name: value})])


def test_a_cash_movement_that_cannot_be_is_refused(saturday):
    """Whole pence, a number, and not tomorrow's."""
    for amount in (*NO_NUMBERS, "0.001"):
        with refused_by("money_check"):
            judged.add_cash(saturday, amount, rows.SATURDAY_AT)
    for days in (1, 365 * 73, -365 * 30):
        with refused_by("occurred_in_time"):
            judged.add_cash(saturday, "100.00", rows.SATURDAY_AT + timedelta(days=days))


def test_a_snapshot_with_a_number_that_is_none_is_refused(saturday):
    """What the broker shows is a number."""
    wrong = [(value, "5", "money_check") for value in NO_NUMBERS]
    wrong += [("10.00", value, "units_check") for value in NO_NUMBERS]
    for cash_gbp, units, constraint in wrong:
        request = {
            "portfolio_id": rows.add_portfolio(saturday), "source": "form", "cash_gbp": cash_gbp,
            "taken_at": rows.SATURDAY_AT.isoformat(), "person": "executor", "idempotency_key": "k",
            "positions": [{"broker_symbol": "ALDR", "units": units}],
        }  # fmt: skip
        with connect("desk_app", saturday) as connection, refused_by(constraint):
            connection.execute("select desk.record_snapshot(%s)", (json.dumps(request),))


def test_a_rate_that_is_none_is_refused(saturday):
    """The loader's role by hand."""
    load_id = rows.add_load(saturday)
    for rate in (*NO_NUMBERS, "0", "-1"):
        with connect("desk_loader", saturday) as connection, refused_by("rate_check"):
            connection.execute(
                "insert into raw.fx_rates (load_id, source, rate_date, base_currency, quote_currency, rate)"
                " values (%s, 'ecb', '2026-06-12', 'GBP', 'USD', %s)",
                (load_id, rate),
            )
