"""A desk with people and a TRADE ticket, for tests of the page: two sales and four purchases."""

from datetime import timedelta
from decimal import Decimal

from confirm_app.people.accounts import set_person
from tests.database import rows
from trading_ops.db.connect import connect
from trading_ops.plan.sizing import CONSTRAINTS
from trading_ops.settings import Settings

PASSWORDS = {"executor": "executor's password", "operator": "operator's password"}
SYMBOLS = {
    "ALDR": "Alder Instruments",
    "BRCH": "Birch Energy",
    "CEDR": "Cedar Foods",
    "DOGW": "Dogwood Logistics",
    "ELMS": "Elms & Sons <Holding>",
    "FIRR": "Fir Robotics",
}
IN_WINDOW_AT = rows.WINDOW_OPEN_AT + timedelta(minutes=20)
HELD_UNITS = Decimal("6.25")


def add_people(desk: Settings) -> None:
    """Add one operator and one executor."""
    with connect("desk_planner", desk) as connection:
        for person_id, password in PASSWORDS.items():
            set_person(connection, person_id, person_id, f"{person_id}@trading-ops.example", password)


def add_ticket(desk: Settings, weeks: int = 0, sides: str = "BBBBBB", **columns) -> str:
    """
    Add a TRADE ticket with a line per letter of sides: B a buy, S a sale of everything, P a partial sale.
    """
    run_id = rows.add_plan_run(desk, weeks=weeks, universe_hash=rows.add_universe(desk, SYMBOLS), **columns)
    symbols = list(SYMBOLS)[: len(sides)]
    for number, (letter, symbol) in enumerate(zip(sides, symbols, strict=True), start=1):
        side = "BUY" if letter == "B" else "SELL"
        rows.add_intended(desk, run_id, number, symbol, side, is_full_exit=letter == "S")
    rows.pass_all_gates(desk, run_id)
    rows.decide(desk, run_id)
    ticket = rows.ticket_row(desk, run_id)
    with connect("desk_planner", desk) as connection:
        rows._insert(connection, "desk.tickets", ticket)
        for number, symbol in enumerate(symbols, start=1):
            line = {
                "ticket_id": ticket["ticket_id"],
                "line_number": number,
                "run_id": run_id,
                "etoro_search_name": SYMBOLS[symbol],
                "order_type": "MARKET",
            }
            rows._insert(connection, "desk.ticket_lines", line)
    return ticket["ticket_id"]


def add_blocked_ticket(desk: Settings, weeks: int = 0) -> str:
    """Add a NO-TRADE ticket with one cause, its fix and what follows from it, and a target per constraint."""
    run_id = rows.add_plan_run(desk, weeks=weeks)
    unknown = [
        {
            "source": "risk",
            "check_name": name,
            "reason": f"the {name} is unknown: the book has no value",
            "fix": "",
        }
        for name in ("turnover", "cash_buffer")
    ]
    cause = {
        "source": "data_quality",
        "check_name": "coverage",
        "reason": "Only 93 of 100 enabled symbols have a bar of 2026-06-12.",
        "fix": "Load the missing bars, then plan again.",
        "follows": unknown,
    }
    with connect("desk_planner", desk) as connection:
        for number, constraint in enumerate(CONSTRAINTS, start=1):
            target = {
                "run_id": run_id,
                "internal_symbol": f"SYM{number:02d}",
                "target_weight_ratio": "0.08" if constraint == "selected" else 0,
                "target_value_gbp": 0,
                "held_units": 0,
                "held_value_gbp": 0,
                "binding_constraint": constraint,
            }
            rows._insert(connection, "desk.portfolio_targets", target)
        ticket = rows.ticket_row(desk, run_id, "NO-TRADE", reasons=rows.json.dumps([cause]))
        rows._insert(connection, "desk.tickets", ticket)
    return ticket["ticket_id"]


def deposit(desk: Settings, amount_gbp: str) -> None:
    """Book money that came into the portfolio now, as the operator does."""
    request = {
        "portfolio_id": rows.add_portfolio(desk),
        "kind": "deposit",
        "amount_gbp": amount_gbp,
        "occurred_at": select(desk, "select desk.now()::text as now_at")[0]["now_at"],
        "person": "operator",
        "idempotency_key": f"deposit:{amount_gbp}",
    }
    with connect("desk_app", desk) as connection:
        connection.execute("select desk.record_cash_movement(%s)", (rows.json.dumps(request),))


def count_rows(desk: Settings) -> dict[str, int]:
    """Return the number of rows of every table of the desk."""
    with rows.superuser(desk) as connection:
        names = connection.execute(
            "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('desk', 'raw')"
        ).fetchall()
        counts = {
            row["name"]: connection.execute(f"select count(*) as n from {row['name']}").fetchone()["n"]
            for row in names
        }
    assert len(counts) > 25
    return counts


def select(desk: Settings, statement: str, *values) -> list[dict]:
    """Return rows as a superuser sees them."""
    with rows.superuser(desk) as connection:
        return connection.execute(statement, values).fetchall()


def fill_fields(row: int = 1, **changes) -> dict[str, str]:
    """Return the fields of a plausible fill of a 500 GBP order at 100 USD and 1.25 USD per GBP."""
    fields = {
        "units": "6.25",
        "price": "100.00",
        "value": "500.00",
        "fee": "",
        "date": "2026-06-15",
        "time": "14:55",
        "zone": "London",
        **changes,
    }
    return {f"fill-{row}-{name}": text for name, text in fields.items()}
