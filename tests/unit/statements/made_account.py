"""
An account at the broker, made up, that writes statements as eToro does: what a part costs, what becomes of
amounts.

Made of what the real file does. A part that is closed gets a number of its own; the amount of its opening
shrinks in every statement made afterwards; units before a close stand in the activity, those closed among
the closed positions.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tests.unit.statements.workbooks import xlsx

START = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)
ACTIVITY_TITLES = [
    "Date", "Type", "Details", "Amount", "Units", "Realized Equity Change", "Realized Equity", "Balance", "Position ID",
    "Asset type", "NWA",
]  # fmt: skip
CLOSED_TITLES = [
    "Position ID", "Action", "Amount", "Units", "Open Date", "Close Date", "Leverage", "Spread", "Profit", "Open Rate",
    "Close Rate", "Take profit rate", "Stop lose rate", "Rollover Fees and Dividends", "Copied From", "Type", "ISIN",
    "Notes",
]  # fmt: skip
DIVIDEND_TITLES = [
    "Date of Payment", "Instrument Name", "Net Dividend Received (USD)", "Withholding Tax Rate (%)",
    "Withholding Tax Amount (USD)", "Position ID", "Type", "ISIN",
]  # fmt: skip
_CENT = Decimal("0.01")


def told(at: datetime) -> str:
    """Return an instant as eToro writes it."""
    return f"{at:%d/%m/%Y %H:%M:%S}"


@dataclass
class Held:
    """A position that is open: what is left of it."""

    paper: str
    name: str
    opened_at: datetime
    cost: Decimal
    units: Decimal
    rate: Decimal
    leverage: int
    is_short: bool
    asset: str


@dataclass
class MadeAccount:
    """One account and all that ever happened in it."""

    name: str = "A. Person"
    username: str = "aperson"
    currency: str = "USD"
    number: int = 2000000000
    balance: Decimal = Decimal("0.00")
    equity: Decimal = Decimal("0.00")
    rows: list[dict] = field(default_factory=list)
    closed: list[dict] = field(default_factory=list)
    dividends: list[dict] = field(default_factory=list)
    held: dict[str, Held] = field(default_factory=dict)

    def move(self, at, kind, amount, details="-", number="", asset="", units="-", equity=None, cash=None):
        """Book one row; its amount moves cash and equity unless told otherwise."""
        amount = Decimal(amount)
        change = amount if equity is None else Decimal(equity)
        self.balance += amount if cash is None else Decimal(cash)
        self.equity += change
        self.rows.append(
            {"at": at, "kind": kind, "details": details, "amount": amount, "units": units, "change": change,
             "equity": self.equity, "balance": self.balance, "number": number, "asset": asset}
        )  # fmt: skip

    def deposit(self, at, amount):
        """Money comes in."""
        self.move(at, "Deposit", amount, f"{amount} USD CreditCard")

    def buy(self, at, paper, cost, units, name="", leverage=1, is_short=False, asset="Stocks") -> str:
        """Open a position and return its number."""
        self.number += 1
        number, cost, units = str(self.number), Decimal(cost), Decimal(units)
        asset = "CFD" if leverage > 1 or is_short else asset
        rate = round(cost / units, 4)
        self.held[number] = Held(paper, name or paper, at, cost, units, rate, leverage, is_short, asset)
        self.move(at, "Open Position", cost, paper, number, asset, f"{units:f}", equity=0, cash=-cost)
        return number

    def sell(self, at, number, profit="0.00", units=None) -> str:
        """Close a position, or some units of it under a new number, and return the number that closed."""
        position = self.held[number]
        before, profit = position.units, Decimal(profit)
        sold = before if units is None else Decimal(units)
        cost = position.cost if sold == before else (position.cost * sold / before).quantize(_CENT)
        ended = number
        if sold == before:
            del self.held[number]
        else:
            self.number += 1
            ended = str(self.number)
            position.units, position.cost = before - sold, position.cost - cost
        self.move(
            at,
            "Position closed",
            profit,
            position.paper,
            ended,
            position.asset,
            f"{before:f}",
            profit,
            cost + profit,
        )
        self.closed.append(
            {"number": ended, "of": number, "position": position, "cost": cost, "units": sold, "at": at,
             "profit": profit, "rate": round((cost + profit) / sold, 4)}
        )  # fmt: skip
        return ended

    def dividend(self, at, number, net, withheld="0.00"):
        """A position pays."""
        position = self.held[number]
        self.move(at, "Dividend", net, position.paper, number, position.asset)
        self.dividends.append(
            {"at": at, "position": position, "net": net, "withheld": withheld, "number": number}
        )

    def split(self, at, paper, becomes, of):
        """Every position of a paper becomes so many units of so many."""
        for number, position in self.held.items():
            if position.paper == paper:
                # No broker shows half of the last decimal it writes.
                if (position.units * becomes / of) % Decimal("0.00000001"):
                    continue
                position.units = position.units * becomes / of
                position.rate = position.rate * of / becomes
                self.move(at, "corp action: Split", 0, f"{paper} {becomes}:{of}", number, position.asset)

    def sheets(self, start=START, end=END, made_at=None) -> dict[str, list[list]]:
        """Return the sheets of the statement of a period, as it reads when it is made."""
        made_at = made_at or end + timedelta(days=1)
        rows = [row for row in self.rows if start <= row["at"] <= end]
        before = next((row["equity"] for row in reversed(self.rows) if row["at"] < start), Decimal("0.00"))
        return {
            "Account Summary": self._summary(rows, before, start, end, made_at),
            "Closed Positions": [
                [*CLOSED_TITLES], *(self._closed_row(one) for one in self.closed if start <= one["at"] <= end)
            ],
            "Account Activity": [[*ACTIVITY_TITLES], *(self._activity_row(row, made_at) for row in rows)],
            "Dividends": [
                [title.replace("USD", self.currency) for title in DIVIDEND_TITLES], *(self._dividend_row(one) for one in self.dividends if start <= one["at"] <= end)
            ],
            "Financial Summary": [["Name", "Amount\nin USD", "Tax\nRate"], ["Fees", Decimal("0.0"), "0.00"]],
        }  # fmt: skip

    def export(self, start=START, end=END, made_at=None) -> bytes:
        """Return the file of a statement."""
        return xlsx(self.sheets(start, end, made_at))

    def _activity_row(self, row, made_at) -> list:
        # The amount of an opening is what is left of it on the day the statement is made.
        gone = sum(
            (one["cost"] for one in self.closed
             if one["of"] == row["number"] != one["number"] and one["at"] <= made_at), Decimal(0)
        )  # fmt: skip
        amount = row["amount"] - gone if row["kind"] == "Open Position" else row["amount"]
        return [
            told(row["at"]), row["kind"], row["details"], amount, row["units"], row["change"], row["equity"],
            row["balance"], row["number"], row["asset"], Decimal("0.0"),
        ]  # fmt: skip

    def _closed_row(self, one) -> list:
        position = one["position"]
        return [
            one["number"], f"{'Sell' if position.is_short else 'Buy'} {position.name}", one["cost"], f"{one['units']:f}",
            told(position.opened_at), told(one["at"]), str(position.leverage), Decimal("0.0"), one["profit"],
            position.rate, one["rate"], one["rate"], one["rate"], Decimal("0.0"), "-", position.asset, "", "",
        ]  # fmt: skip

    def _dividend_row(self, one) -> list:
        position = one["position"]
        return [
            told(one["at"]), position.name, Decimal(one["net"]), "30 %", Decimal(one["withheld"]), one["number"],
            position.asset, "",
        ]  # fmt: skip

    def _summary(self, rows, before, start, end, made_at) -> list[list]:
        def summed(*kinds):
            return sum((row["change"] for row in rows if row["kind"] in kinds), Decimal("0.00"))

        after = rows[-1]["equity"] if rows else before
        return [
            ["Details", ""], ["Name", "Totals"], ["Name", self.name], ["Username", self.username],
            ["Currency", self.currency], ["Date Created", told(made_at)], ["Start Date", told(start)],
            ["End Date", told(end)], ["", ""],
            [f"Account Summary ({self.currency})", "Totals"], ["Beginning Realized Equity", before],
            ["Deposits", summed("Deposit")], ["Refunds", Decimal("0.0")], ["Credits", Decimal("0.0")],
            ["Adjustments", summed("AirDrop")], ["Profit or Loss (Closed positions only)", summed("Position closed")],
            ["Dividends", summed("Dividend")], ["Rollover Fees", summed("Rollover Fee")],
            ["Commissions", summed("Commission")], ["Withdrawals", summed("Withdraw Request")], ["Withdrawal Fees", summed("Withdraw Fee")],
            ["Ending Realized Equity", after], ["", ""], ["Unrealized Account Summary*", "Totals"],
            ["Ending Unrealized Equity", after],
        ]  # fmt: skip
