"""
The simulated broker: what "eToro shows" in a simulation, kept apart from the ledger.

The ledger never reads it. The simulated executor trades here and then types into the page what
this account shows, so reconciliation compares two books that were written independently.
"""

import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

_PENNY = Decimal("0.01")
_UNIT = Decimal("0.000001")


@dataclass(frozen=True)
class BrokerFill:
    """One executed order: units to six decimals, price in USD, value in GBP to the penny."""

    symbol: str
    side: str
    units: Decimal
    price_usd: Decimal
    value_gbp: Decimal


class SimulatedBroker:
    """An account in a JSON file; every order has a key and is executed once."""

    def __init__(self, path: Path, opening_cash_gbp: Decimal) -> None:
        self._path = path
        if path.exists():
            self._book = json.loads(path.read_text())
        else:
            self._book = {"cash_gbp": str(opening_cash_gbp), "units": {}, "executions": {}, "splits": []}

    @property
    def cash_gbp(self) -> Decimal:
        """Cash in the account."""
        return Decimal(self._book["cash_gbp"])

    @property
    def units(self) -> dict[str, Decimal]:
        """Units per symbol, closed positions left out."""
        return {symbol: Decimal(text) for symbol, text in self._book["units"].items()}

    def execute(
        self,
        key: str,
        *,
        symbol: str,
        side: str,
        value_gbp: Decimal,
        price_usd: Decimal,
        gbpusd_rate: Decimal,
        is_full_exit: bool = False,
    ) -> BrokerFill:
        """
        Trade value_gbp worth of a symbol at a price, or the whole position; the same key again changes
        nothing.

        Raises ValueError when the account has neither the cash nor the units.
        """
        if key in self._book["executions"]:
            return _execution(self._book["executions"][key])
        held = self.units.get(symbol, Decimal(0))
        if is_full_exit:
            units = held
            value_gbp = (units * price_usd / gbpusd_rate).quantize(_PENNY)
        else:
            units = (value_gbp * gbpusd_rate / price_usd).quantize(_UNIT)
        sign = 1 if side == "BUY" else -1
        if self.cash_gbp - sign * value_gbp < 0 or held + sign * units < 0:
            raise ValueError(f"the simulated account cannot {side} {units} {symbol} for {value_gbp} GBP")
        self._book["cash_gbp"] = str(self.cash_gbp - sign * value_gbp)
        self._set_units(symbol, held + sign * units)
        execution = BrokerFill(symbol, side, units, price_usd, value_gbp)
        self._book["executions"][key] = {name: str(value) for name, value in vars(execution).items()}
        self._save()
        return execution

    def apply_split(self, symbol: str, ex_date: str, ratio: Decimal) -> None:
        """Multiply a holding by a split ratio (new shares per old), once per split."""
        if [symbol, ex_date] in self._book["splits"] or symbol not in self._book["units"]:
            return
        self._set_units(symbol, self.units[symbol] * ratio)
        self._book["splits"].append([symbol, ex_date])
        self._save()

    def _set_units(self, symbol: str, units: Decimal) -> None:
        if units:
            self._book["units"][symbol] = str(units)
        else:
            self._book["units"].pop(symbol, None)

    def _save(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        written = self._path.with_suffix(".tmp")
        written.write_text(json.dumps(self._book, indent=1))
        written.replace(self._path)


def _execution(row: dict[str, str]) -> BrokerFill:
    return BrokerFill(
        symbol=row["symbol"],
        side=row["side"],
        units=Decimal(row["units"]),
        price_usd=Decimal(row["price_usd"]),
        value_gbp=Decimal(row["value_gbp"]),
    )
