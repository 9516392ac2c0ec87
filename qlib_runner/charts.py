"""
Charts as SVG text: the same numbers always make the same bytes.

Drawn here because a report needs four kinds of picture and no plotting package: nothing to lock, no font or
clock in the file, and a page that embeds it needs nothing else.
"""

import math
from collections.abc import Iterable
from html import escape

import pandas as pd

WIDTH, HEIGHT = 760, 280
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 40, 32
_COLOURS = ("#1f5f99", "#c2571a")
_GAIN, _LOSS = "#2f7d4f", "#b3382c"


def line_chart(title: str, lines: dict[str, pd.Series], percent: bool = False) -> str:
    """Return lines over the same sessions; each series is indexed by day and finite."""
    days = next(iter(lines.values())).index
    ticks = _ticks(min(line.min() for line in lines.values()), max(line.max() for line in lines.values()))
    parts = [*_frame(title, ticks, HEIGHT, percent)]
    for at in sorted({round(share * (len(days) - 1) / 4) for share in range(5)}):
        anchor = "end" if at == len(days) - 1 else "middle"
        parts.append(_text(_x(at, len(days)), HEIGHT - 12, f"{days[at]:%Y-%m-%d}", anchor))
    for number, (name, line) in enumerate(lines.items()):
        points = " ".join(
            f"{_x(at, len(days)):.1f},{_y(value, ticks, HEIGHT):.1f}" for at, value in enumerate(line)
        )
        colour = _COLOURS[number]
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.6" points="{points}"/>')
        if len(lines) > 1:
            parts.append(_text(WIDTH - _RIGHT - 120 * number, 22, name, "end", colour))
    return _svg(parts, HEIGHT)


def bar_chart(title: str, bars: dict[str, float | None], percent: bool = False) -> str:
    """Return upright bars from zero; a value that is None leaves its place empty."""
    known = [value for value in bars.values() if value is not None]
    ticks = _ticks(min([0.0, *known]), max([0.0, *known]))
    parts = [*_frame(title, ticks, HEIGHT, percent)]
    width = (WIDTH - _LEFT - _RIGHT) / max(1, len(bars))
    # A label is about 48 pixels wide; where bars are closer, some go without.
    every = max(1, math.ceil(48 / width))
    zero = _y(0.0, ticks, HEIGHT)
    for at, (name, value) in enumerate(bars.items()):
        left = _LEFT + at * width
        if at % every == 0:
            parts.append(_text(left + width / 2, HEIGHT - 12, name, "middle"))
        if value is not None:
            end = _y(value, ticks, HEIGHT)
            parts.append(_bar(left + width * 0.1, min(zero, end), width * 0.8, abs(zero - end), value >= 0))
    return _svg(parts, HEIGHT)


def ranked_bars(title: str, bars: dict[str, float]) -> str:
    """Return lying bars with their names, in the order given; the values are shares of 1."""
    height = _TOP + 18 * len(bars) + 12
    longest = max(bars.values(), default=0.0) or 1.0
    parts = [_text(_LEFT, 22, title, size=14)]
    for at, (name, value) in enumerate(bars.items()):
        top = _TOP + 18 * at
        length = value / longest * (WIDTH - _LEFT - _RIGHT - 56)
        parts.append(_text(_LEFT - 6, top + 11, name, "end"))
        parts.append(_bar(_LEFT, top + 1, length, 13, True))
        parts.append(_text(_LEFT + length + 6, top + 11, f"{value:.1%}"))
    return _svg(parts, height)


def _ticks(low: float, high: float) -> list[float]:
    """Return four to eleven round numbers of which the first and the last enclose low and high."""
    spread = (high - low) or abs(high) or 1.0
    power = 10.0 ** math.floor(math.log10(spread / 5))
    step = next(power * times for times in (1, 2, 5, 10) if power * times >= spread / 5)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [at * step for at in range(first, max(last, first + 1) + 1)]


def _frame(title: str, ticks: list[float], height: int, percent: bool) -> Iterable[str]:
    yield _text(_LEFT, 22, title, size=14)
    digits = max(0, -math.floor(math.log10(ticks[1] - ticks[0]) + 1e-9) - (2 if percent else 0))
    for tick in ticks:
        y = _y(tick, ticks, height)
        colour = "#999" if tick == 0 else "#e4e4e4"
        yield f'<path d="M{_LEFT} {y:.1f}H{WIDTH - _RIGHT}" stroke="{colour}"/>'
        written = f"{tick:.{digits}%}" if percent else f"{tick:.{digits}f}"
        yield _text(_LEFT - 6, y + 4, written, "end")


def _x(at: int, count: int) -> float:
    return _LEFT + at * (WIDTH - _LEFT - _RIGHT) / max(1, count - 1)


def _y(value: float, ticks: list[float], height: int) -> float:
    share = (value - ticks[0]) / (ticks[-1] - ticks[0])
    return height - _BOTTOM - share * (height - _TOP - _BOTTOM)


def _bar(x: float, y: float, width: float, height: float, is_gain: bool) -> str:
    colour = _GAIN if is_gain else _LOSS
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def _text(x: float, y: float, words: str, anchor: str = "start", colour: str = "#333", size: int = 11) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" '
        f'font-size="{size}">{escape(words)}</text>'
    )


def _svg(parts: list[str], height: int) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'font-family="sans-serif"><rect width="{WIDTH}" height="{height}" fill="#fff"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )
