"""
What a fill cost, as another executor's export tells it: amounts of assets, and ratios of the trade. Pure.

A ratio stays one: what it comes to follows from price and amount, in the asset it was taken in. An export of
an earlier version does not tell that asset, and an asset beside the trade's own two has no price here.
"""

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, NoReturn

from trading_ops.imported_fills.figures import asset_of, plain, signed_figure

_CHARS_MAX = 10_000
# Which of the two assets a fee without a token of its own is taken in.
_TAKEN_FROM = {
    ("DeductedFromReturns", "BUY"): "base",
    ("DeductedFromReturns", "SELL"): "quote",
    ("AddedToCost", "BUY"): "quote",
    ("AddedToCost", "SELL"): "base",
}


@dataclass(frozen=True)
class Fee:
    """An amount of an asset, or a ratio of the trade; `asset` is None where the export does not tell."""

    asset: str | None
    amount: Decimal | None = None
    ratio: Decimal | None = None

    def as_request(self) -> dict[str, str | None]:
        """Return it as desk.record_fills takes it: one text for one figure."""
        texts = {"amount": self.amount, "ratio": self.ratio}
        return {"asset": self.asset} | {
            name: None if figure is None else plain(figure) for name, figure in texts.items()
        }


# Most fills of a file cost the same, and reading that is most of the work.
@lru_cache(maxsize=1024)
def fees_of(text: str, side: str, base_asset: str, quote_asset: str) -> tuple[Fee, ...]:
    """Return the fees a cell tells, those of nothing left out. Raises ValueError for what is no fee."""
    told = _read(text)
    if not isinstance(told, dict):
        raise ValueError("no fee with percent and flat_fees")
    flat = [Fee(asset_of(token), amount=signed_figure(amount)) for token, amount in _flat(told)]
    ratio = signed_figure(told.get("percent", "0"))
    taken_from = _TAKEN_FROM.get((told.get("fee_type"), side))
    asset = {"base": base_asset, "quote": quote_asset}.get(taken_from)
    if told.get("percent_token"):
        asset = asset_of(told["percent_token"])
    return tuple(fee for fee in (Fee(asset, ratio=ratio), *flat) if fee.amount or fee.ratio)


def _flat(told: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    rows = told.get("flat_fees") or []
    if not isinstance(rows, list):
        raise ValueError("its flat_fees are no list")
    for row in rows:
        if isinstance(row, dict) and {"token", "amount"} <= set(row):
            yield row["token"], row["amount"]
        elif isinstance(row, list) and len(row) == 2:
            yield row[0], row[1]
        else:
            raise ValueError("a flat fee is a token and an amount")


def _read(text: str) -> Any:
    """Return JSON, or what Python prints of the same, with every number as the text that stands there."""
    if len(text) > _CHARS_MAX:
        raise ValueError(f"{len(text)} characters are no fee")
    try:
        return json.loads(text, parse_float=str, parse_int=str)
    except json.JSONDecodeError:
        pass
    except RecursionError:
        _refuse("nested too deep")
    try:
        return _value(ast.parse(text.strip(), mode="eval").body, text.strip())
    except (SyntaxError, MemoryError, RecursionError):
        _refuse("neither JSON nor what Python prints")


def _value(node: ast.AST, text: str) -> Any:
    match node:
        case ast.Dict(keys=keys, values=values) if None not in keys:
            return {_value(key, text): _value(value, text) for key, value in zip(keys, values, strict=True)}
        case ast.List(elts=rows) | ast.Tuple(elts=rows):
            return [_value(row, text) for row in rows]
        case ast.Constant(value=str() | None as value):
            return value
        case ast.Constant() | ast.UnaryOp(operand=ast.Constant()):
            return ast.get_source_segment(text, node)
        case ast.Call(func=ast.Name(id="Decimal"), args=[ast.Constant(value=str() as figure)], keywords=[]):
            return figure
    _refuse("holds something that is neither text nor number")


def _refuse(why: str) -> NoReturn:
    raise ValueError(f"not understood ({why})")
