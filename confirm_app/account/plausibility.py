"""
Could this be what the broker shows, or money that moved? The account's figures against the ledger.

Pure. The ledger may be what is wrong, so every oddity is a doubt, asked about by itself.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from confirm_app.account.cash_form import CashMovement
from confirm_app.account.event_form import LedgerEvent
from confirm_app.account.rows import Row
from confirm_app.account.snapshot_form import Snapshot
from confirm_app.forms.fields import Doubt
from confirm_app.forms.figures import exact, is_tenfold
from trading_ops.wording.figures import gbp, units
from trading_ops.wording.instants import in_full

# What the page asks about: more of the equity at once, and what is longer ago.
EQUITY_SHARE_MAX = Decimal("0.10")
AGE_MAX = timedelta(days=31)
_NONE = Decimal(0)


@dataclass(frozen=True)
class LedgerBalances:
    """What the ledger holds: cash, units per symbol, and its equity with holdings at what they cost."""

    cash_gbp: Decimal
    equity_gbp: Decimal
    units: Mapping[str, Decimal]


@dataclass(frozen=True)
class NotShown(Doubt):
    """A holding of the ledger that a snapshot says nothing of; the tick that answers it stands in its row."""

    @property
    def box(self) -> str:
        """The name of the row's own tick."""
        return self.field.replace("-units", "-gone")


def balances(entries: Iterable[Mapping]) -> LedgerBalances:
    """Return the balances of rows of queries.page.entry_totals."""
    totals = list(entries)
    held = {row["internal_symbol"]: row["units"] for row in totals if row["units"]}
    cash_gbp = sum((row["cash_gbp"] for row in totals), _NONE)
    cost_gbp = sum((max(-row["cash_gbp"], _NONE) for row in totals if row["internal_symbol"] in held), _NONE)
    return LedgerBalances(cash_gbp, cash_gbp + cost_gbp, held)


def doubt_cash_movement(
    movement: CashMovement, ledger: LedgerBalances, now_at: datetime
) -> tuple[Doubt, ...]:
    """Return what looks wrong about money that moved, against the ledger of now."""
    return (
        *_doubt_amount(movement, ledger),
        *_doubt_age("The time it happened", movement.occurred_at, now_at),
    )


def doubt_event(event: LedgerEvent, ledger: LedgerBalances, now_at: datetime) -> tuple[Doubt, ...]:
    """Return what looks wrong about an event, against the ledger of now."""
    return (
        *_doubt_legs(event, ledger),
        *_doubt_age("The time it happened", event.happened_at, now_at),
    )


def doubt_snapshot(
    snapshot: Snapshot, rows: Iterable[Row], ledger: LedgerBalances, now_at: datetime
) -> tuple[Doubt, ...]:
    """
    Return what looks wrong about a snapshot, against the ledger of the instant it was taken.

    `rows` are those of its form, one for each holding among them.
    """
    return (
        *_doubt_cash(snapshot.cash_gbp, ledger),
        *_doubt_positions(snapshot, ledger),
        *_doubt_missing(snapshot, rows, ledger),
        *_doubt_age("The time you read eToro", snapshot.taken_at, now_at),
    )


def _doubt_amount(movement: CashMovement, ledger: LedgerBalances) -> Iterator[Doubt]:
    amount_gbp = abs(movement.amount_gbp)
    if amount_gbp > ledger.equity_gbp * EQUITY_SHARE_MAX:
        yield Doubt(
            "amount",
            f"{gbp(amount_gbp)} is more than 10 % of all the ledger holds, {gbp(ledger.equity_gbp)}: "
            "a digit too many?",
            "share-of-equity",
            exact(movement.amount_gbp, ledger.equity_gbp),
        )
    if movement.amount_gbp < 0 and amount_gbp > ledger.cash_gbp:
        yield Doubt(
            "amount",
            f"A {movement.kind} of {gbp(amount_gbp)} is more than the ledger's cash, {gbp(ledger.cash_gbp)}: "
            "is an earlier movement or sale not booked yet?",
            "beyond-cash",
            exact(movement.amount_gbp, ledger.cash_gbp),
        )


def _doubt_legs(event: LedgerEvent, ledger: LedgerBalances) -> Iterator[Doubt]:
    for leg in event.legs:
        cash_gbp, held = abs(leg.cash_gbp), ledger.units.get(leg.symbol, _NONE)
        if cash_gbp > ledger.equity_gbp * EQUITY_SHARE_MAX:
            message = f"{gbp(cash_gbp)} is more than 10 % of all the ledger holds: a digit too many?"
            yield Doubt("cash", message, "share-of-equity", exact(leg.cash_gbp, ledger.equity_gbp))
        if event.kind == "trade" and leg.units > 0 and held and is_tenfold(leg.units, held):
            message = (
                f"{units(leg.units)} units of {leg.symbol}, while {units(held)} are held: a digit too many?"
            )
            yield Doubt("units_in", message, "beside-holding", exact(leg.units, held))
        if event.kind == "delisting" and -leg.units != held:
            message = (
                f"{units(-leg.units)} units of {leg.symbol} go, while {units(held)} are held: all of them?"
            )
            yield Doubt("units_out", message, "part-of-holding", exact(leg.units, held))


def _doubt_cash(cash_gbp: Decimal, ledger: LedgerBalances) -> Iterator[Doubt]:
    is_far = abs(cash_gbp - ledger.cash_gbp) > ledger.equity_gbp * EQUITY_SHARE_MAX
    if is_far or is_tenfold(cash_gbp, ledger.cash_gbp):
        yield Doubt(
            "cash",
            f"Cash of {gbp(cash_gbp)}, while the ledger has {gbp(ledger.cash_gbp)}: a digit too many or too few, "
            "or a movement not booked yet?",
            "beside-ledger",
            exact(cash_gbp, ledger.cash_gbp),
        )


def _doubt_positions(snapshot: Snapshot, ledger: LedgerBalances) -> Iterator[Doubt]:
    for position in snapshot.positions:
        held = ledger.units.get(position.symbol, _NONE)
        if position.symbol is None:
            message = f"{position.name} is no name of the universe: check the spelling"
            figure = exact(position.units)
            yield Doubt(f"row-{position.row_number}-name", message, f"unknown-{position.name}", figure)
        elif is_tenfold(position.units, held):
            yield Doubt(
                f"row-{position.row_number}-units",
                f"{position.symbol}: {units(position.units)} units, while the ledger holds "
                f"{units(held) if held else 'none'}: "
                "another row's figure, or a digit too many or too few?",
                f"beside-ledger-{position.symbol}",
                exact(position.units, held),
            )


def _doubt_missing(snapshot: Snapshot, rows: Iterable[Row], ledger: LedgerBalances) -> Iterator[NotShown]:
    shown = {position.symbol for position in snapshot.positions}
    for row in rows:
        held = ledger.units.get(row.name, _NONE)
        if row.is_holding and held and row.name not in shown:
            message = (
                f"{row.name} has no units, while the ledger holds {units(held)}: write what eToro shows, "
                "or tick that it no longer shows it"
            )
            yield NotShown(f"row-{row.number}-units", message, f"missing-{row.name}", exact(held))


def _doubt_age(label: str, at: datetime, now_at: datetime) -> Iterator[Doubt]:
    if now_at - at > AGE_MAX:
        message = f"{label}, {in_full(at)}, is more than {AGE_MAX.days} days ago: check the date"
        yield Doubt("time", message, "long-ago", at.isoformat())
