"""
Intended against executed: what a ticket's lines asked for and what was done, as page and mail tell it.

Pure. Worse than planned is positive on either side: a buy that cost more, a sale that brought less.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from trading_ops.tickets.build import TicketLine, skip_price_usd
from trading_ops.tickets.fill_findings import is_checked, questions_of
from trading_ops.wording.figures import gbp, ratio, usd

_PENNY = Decimal("0.01")
_NOTHING = Decimal("0.00")


@dataclass(frozen=True)
class ExecutedLine:
    """
    One line of a ticket and the version of its confirmation that counts, None before there is one.

    `confirmation` is a row of queries.page.confirmations with its rows of queries.page.fills as `fills`.
    """

    order: TicketLine
    confirmation: Mapping | None = None

    @property
    def status(self) -> str:
        """DONE, PARTIAL, SKIPPED, FAILED, or UNCONFIRMED."""
        return self.confirmation["status"] if self.confirmation else "UNCONFIRMED"

    @property
    def reason(self) -> str:
        """What the person noted, nothing where there is no note."""
        return self.confirmation["notes"] if self.confirmation else ""

    @property
    def units(self) -> Decimal:
        """Shares executed."""
        return self._total("units", Decimal(0))

    @property
    def value_gbp(self) -> Decimal:
        """Pounds executed, the fee not among them."""
        return self._total("value_gbp", _NOTHING)

    @property
    def fee_gbp(self) -> Decimal:
        """Pounds of fees."""
        return self._total("fee_gbp", _NOTHING)

    @property
    def price_usd(self) -> Decimal | None:
        """The mean price, weighted by shares; None when nothing was executed."""
        if not self.units:
            return None
        return sum(fill["units"] * fill["price_usd"] for fill in self._fills) / self.units

    @property
    def is_past_limit(self) -> bool:
        """Whether a fill is beyond the price at which the line was to be skipped."""
        limit_usd = skip_price_usd(self.order)
        beyond = (fill["price_usd"] - limit_usd for fill in self._fills)
        return any(self._sign * away > 0 for away in beyond)

    @property
    def is_checked(self) -> bool:
        """Whether something was executed and each fill was held against the market of its day."""
        return bool(self._fills) and all(map(is_checked, self._fills))

    @property
    def questions(self) -> list[str]:
        """What is odd about its fills beside the market of their day."""
        return questions_of(self._fills)

    @property
    def planned_gbp(self) -> Decimal:
        """What the shares would have cost or brought at the reference price and the execution's own rate."""
        if not self.units:
            return _NOTHING
        return self.value_gbp * self.order.reference_price_usd / self.price_usd

    @property
    def slippage_ratio(self) -> Decimal | None:
        """How much worse the price was than the reference, as a fraction; None when nothing was executed."""
        return self._sign * (self.price_usd / self.order.reference_price_usd - 1) if self.units else None

    @property
    def slippage_gbp(self) -> Decimal | None:
        """The same in pounds."""
        return (self._sign * (self.value_gbp - self.planned_gbp)).quantize(_PENNY) if self.units else None

    @property
    def _sign(self) -> int:
        return 1 if self.order.side == "BUY" else -1

    @property
    def _fills(self) -> Sequence[Mapping]:
        return self.confirmation["fills"] if self.confirmation else ()

    def _total(self, name: str, nothing: Decimal) -> Decimal:
        return sum((fill[name] for fill in self._fills), nothing)


@dataclass(frozen=True)
class Executed:
    """All lines of a ticket, with their totals in pounds."""

    lines: tuple[ExecutedLine, ...]

    @property
    def is_complete(self) -> bool:
        """Whether there are lines and each is confirmed."""
        return bool(self.lines) and all(line.confirmation for line in self.lines)

    @property
    def done_count(self) -> int:
        """How many lines were executed in whole."""
        return sum(line.status == "DONE" for line in self.lines)

    @property
    def done_ratio(self) -> Decimal:
        """Their share of all lines."""
        return Decimal(self.done_count) / len(self.lines)

    @property
    def intended_gbp(self) -> Decimal:
        """Pounds the lines asked for, bought and sold alike."""
        return sum((line.order.value_gbp for line in self.lines), _NOTHING)

    @property
    def value_gbp(self) -> Decimal:
        """Pounds executed."""
        return sum((line.value_gbp for line in self.lines), _NOTHING)

    @property
    def fee_gbp(self) -> Decimal:
        """Pounds of fees."""
        return sum((line.fee_gbp for line in self.lines), _NOTHING)

    @property
    def slippage_gbp(self) -> Decimal | None:
        """What prices worse than planned cost in all; None when nothing was executed."""
        return sum((line.slippage_gbp for line in self.lines if line.units), _NOTHING) if self._any else None

    @property
    def slippage_ratio(self) -> Decimal | None:
        """The same as a fraction of what was planned for the executed shares."""
        return self.slippage_gbp / sum(line.planned_gbp for line in self.lines) if self._any else None

    @property
    def _any(self) -> bool:
        return any(line.units for line in self.lines)


def slippage(what: ExecutedLine | Executed) -> str:
    """Return slippage in words: `£1.40 worse (0.28 %)`."""
    if what.slippage_gbp is None:
        return "nothing was executed"
    if not what.slippage_gbp:
        return "as planned"
    word = "worse" if what.slippage_gbp > 0 else "better"
    return f"{gbp(abs(what.slippage_gbp))} {word} ({ratio(abs(what.slippage_ratio))})"


def done(executed: Executed) -> str:
    """Return the share of lines done in words: `4 of 5 lines done in full (80.00 %)`."""
    return f"{executed.done_count} of {len(executed.lines)} lines done in full ({ratio(executed.done_ratio)})"


def remarks(line: ExecutedLine, with_market: bool = False) -> list[str]:
    """
    Return what a person should know of a line: its note, a price past the limit.

    `with_market`: what is asked about its fills as well, and whether they could not be checked.
    """
    said = [line.reason] if line.reason else []
    if line.is_past_limit:
        said.append(f"a price is past the limit of {usd(skip_price_usd(line.order))}")
    if with_market:
        said += [f"QUESTION: {question}" for question in line.questions]
        if line.units and not line.is_checked:
            said.append("there is no bar of that day, so nothing is checked against the market")
    return said
