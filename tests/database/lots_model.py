"""
The lots of a book a second time, in plain Python, to hold desk.lots_known against.

It shares no code and no table with the desk: it is told what people booked, and counts every answer anew
from the first day, in whole hundred-millionths of a share and whole pence.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

UNIT, PENNY = 10**8, 100
CARRYING = ("merger", "exchange")


@dataclass
class Lot:
    """What is left of a purchase: whole hundred-millionths, pence, cents (None: unknown), pence of fee."""

    number: int
    symbol: str
    opened_by: str
    units: int
    paid: list[int | None]

    def take(self, units: int) -> list[int | None]:
        """Take units out and return what they had cost; the last ones take all that is left."""
        parts = [part(amount, units, self.units) for amount in self.paid]
        self.paid = [minus(amount, taken) for amount, taken in zip(self.paid, parts, strict=True)]
        self.units -= units
        return parts


def part(amount: int | None, share: int, whole: int) -> int | None:
    """Return an amount's part, cut off towards zero; the whole is the whole, of nothing as well."""
    if amount is None or share == whole:
        return amount
    return int(Fraction(amount * share, whole))


def minus(amount: int | None, taken: int | None) -> int | None:
    """Return what is left; of the unknown it is unknown."""
    return None if amount is None or taken is None else amount - taken


@dataclass
class LotsModel:
    """What was booked and stands: events by number, (new shares, old shares) by symbol and instant."""

    events: dict[int, dict] = field(default_factory=dict)
    splits: dict[tuple[str, datetime], tuple[int, int]] = field(default_factory=dict)
    # What a full sale may leave or lack: so many units, or such a share of what was sold, and not half of it.
    units_max: Decimal = Decimal("0.001")
    ratio_max: Decimal = Decimal("0.002")

    def rows(self) -> list[tuple]:
        """Return a row for each part of a lot, sorted; `row` says of what."""
        return sorted(Replay(self).run(), key=str)


class Replay:
    """One count from the first day on."""

    def __init__(self, model: LotsModel) -> None:
        """Begin with nothing."""
        self.model, self.found, self.lots_count = model, [], 0
        self.queues: dict[str, list[Lot]] = defaultdict(list)
        self.short: dict[str, int] = defaultdict(int)

    def run(self) -> list[tuple]:
        """Go through the instants: splits, what comes, what changes its stock, what goes."""
        events = self.model.events
        for at in sorted({event["at"] for event in events.values()} | {at for _, at in self.model.splits}):
            for (symbol, when), shares in self.model.splits.items():
                if when == at:
                    self.split(symbol, *shares)
            now = [
                (f"event/{number}", event) for number, event in sorted(events.items()) if event["at"] == at
            ]
            missing = self.roundings([event for _, event in now])
            for turn in (2, 3, 4):
                for name, event in now:
                    if turn_of(event) == turn:
                        self.book(name, event)
                for symbol, units in sorted(missing.items()):
                    if units > 0 and turn == 2:
                        self.come("rounding", symbol, units, [0, 0, 0])
            for symbol, units in sorted(missing.items()):
                if units < 0:
                    self.go("rounding", symbol, -units, [0, None, 0])
        for queue in self.queues.values():
            for lot in queue:
                self.tell(lot, None, lot.units, lot.paid, [None, None])
        return self.found

    def roundings(self, events: list[dict]) -> dict[str, int]:
        """Return what full sales of an instant leave or lack, as what has to come."""
        sold, moved = defaultdict(list), defaultdict(int)
        for event in events:
            for leg in event["legs"]:
                moved[leg["symbol"]] += leg["units"]
                if event["kind"] == "trade" and leg["units"] < 0:
                    sold[leg["symbol"]].append(-leg["units"])
        missing = {}
        for symbol, counts in sold.items():
            held = sum(lot.units for lot in self.queues[symbol]) - self.short[symbol] + moved[symbol]
            allowed = max(
                min(max(self.model.units_max * UNIT, self.model.ratio_max * count), Fraction(count, 2))
                for count in counts
            )
            if held and abs(held) <= allowed:
                missing[symbol] = -held
        return missing

    def split(self, symbol: str, new: int, old: int) -> None:
        """Move the borders between the lots as the whole moves, each cut off."""
        self.short[symbol] = int(Fraction(self.short[symbol] * new, old))
        whole = sum(lot.units for lot in self.queues[symbol])
        split = int(Fraction(whole * new, old))
        before = after = 0
        for lot in self.queues[symbol]:
            before += lot.units
            lot.units = int(Fraction(before * split, whole)) - after
            after += lot.units
        self.sweep(f"split {new}:{old}", symbol)

    def book(self, name: str, event: dict) -> None:
        """Put an event's legs to lots: what goes before what comes."""
        kind, carried = event["kind"], [0, 0, 0]
        legs = sorted(event["legs"], key=lambda leg: (leg["units"] > 0, leg["symbol"]))
        arriving = sum(max(leg["units"], 0) for leg in legs)
        for leg in legs:
            value = leg["cash"] + leg["fee"]
            dollars = leg["cents"] and abs(part(leg["cents"], value, leg["cash"]))
            if leg["units"] > 0:
                paid = [leg["cost"] + max(-value, 0), dollars, leg["fee"]]
                if kind in CARRYING:
                    paid = [part(amount, leg["units"], arriving) for amount in carried]
                    carried = [minus(amount, taken) for amount, taken in zip(carried, paid, strict=True)]
                    arriving -= leg["units"]
                elif kind == "spin_off":
                    paid[1] = carried[1]
                elif paid[0] == 0:
                    paid[1] = 0
                self.come(name, leg["symbol"], leg["units"], paid, max(value, 0))
            elif kind == "spin_off":
                carried = self.cost_leaves(name, leg["symbol"], leg["cost"])
            else:
                taken = self.go(
                    name, leg["symbol"], -leg["units"], [value, dollars, leg["fee"]], kind, arriving
                )
                carried = [None if None in pair else sum(pair) for pair in zip(carried, taken, strict=True)]

    def cost_leaves(self, name: str, symbol: str, cost: int) -> list[int | None]:
        """Take (negative) cost off the lots of a stock, each by its share; return what left."""
        whole = sum(lot.paid[0] for lot in self.queues[symbol])
        if whole <= 0:
            self.found.append(row(None, symbol, None, name, 0, [cost, None, 0], [0, None]))
            return [0, None, 0]
        before = after = 0
        cents = 0
        for lot in self.queues[symbol]:
            old, before = lot.paid, before + lot.paid[0]
            left = part(before, whole + cost, whole) - after
            after += left
            lot.paid = [left, part(old[1], left, max(old[0], 1)), old[2]]
            gone = minus(old[1], lot.paid[1])
            cents = None if cents is None or gone is None else cents + gone
        self.sweep(name, symbol)
        return [-cost, cents, 0]

    def come(self, name: str, symbol: str, units: int, paid: list[int | None], brought: int = 0) -> None:
        """Open a lot; what went before it came is closed at once, for what came beside it, mostly nothing."""
        self.lots_count += 1
        self.queues[symbol].append(Lot(self.lots_count, symbol, name, units, paid))
        covered = min(self.short[symbol], units)
        self.short[symbol] -= covered
        *_, brought = self.take(name, symbol, covered, [brought, None, 0])
        if brought[0]:
            self.found.append(row(None, symbol, None, name, 0, [0, None, 0], brought[:2]))

    def go(self, name, symbol, units, brought, kind: str = "", arriving: int = 0) -> list[int | None]:
        """Take units out of the oldest lots, tell what they brought, and return what is carried on."""
        carried, wanted, brought = self.take(name, symbol, units, brought, kind, arriving)
        if wanted or brought[0] or brought[2]:
            self.short[symbol] += wanted
            self.found.append(row(None, symbol, None, name, wanted, [0, None, brought[2]], brought[:2]))
        return carried

    def sweep(self, name: str, symbol: str) -> None:
        """Close the oldest lots a cut left without units."""
        self.take(name, symbol, 0, [0, None, 0])

    def take(self, name, symbol, wanted, brought, kind: str = "", arriving: int = 0) -> tuple:
        """Take from the oldest lots as far as they go."""
        queue, carried = self.queues[symbol], [0, 0, 0]
        while queue and (wanted or queue[0].units == 0):
            lot = queue[0]
            units = min(wanted, lot.units)
            paid = lot.take(units)
            proceeds = [part(amount, units, wanted) for amount in brought]
            brought = [minus(amount, taken) for amount, taken in zip(brought, proceeds, strict=True)]
            wanted -= units
            if kind == "transfer":
                proceeds = [paid[0], paid[1], 0]
            elif kind in CARRYING and arriving:
                kept = min(paid[0], proceeds[0])
                stays = [part(paid[0], kept, paid[0]), part(paid[1], kept, paid[0]), 0]
                on = [minus(amount, taken) for amount, taken in zip(paid, stays, strict=True)]
                carried = [None if None in pair else sum(pair) for pair in zip(carried, on, strict=True)]
                paid = stays
            self.tell(lot, name, units, [paid[0], paid[1], paid[2] + proceeds[2]], proceeds[:2])
            if lot.units == 0:
                queue.pop(0)
        return carried, wanted, brought

    def tell(self, lot: Lot, closed_by: str | None, units: int, paid: list, proceeds: list) -> None:
        """Tell of a part of a lot."""
        if closed_by or units or paid[0]:
            self.found.append(row(lot.number, lot.symbol, lot.opened_by, closed_by, units, paid, proceeds))


def turn_of(event: dict) -> int:
    """Return when an event's turn is among those of one instant."""
    if event["kind"] in (*CARRYING, "spin_off"):
        return 3
    return 2 if sum(leg["units"] for leg in event["legs"]) > 0 else 4


def row(number, symbol, opened_by, closed_by, units: int, paid: list, proceeds: list) -> tuple:
    """Return a part of a lot in shares, pounds and dollars."""
    hundredths = (None if value is None else Decimal(value) / PENNY for value in (*paid, *proceeds))
    return (number, symbol, opened_by, closed_by, Decimal(units) / UNIT, *hundredths)
