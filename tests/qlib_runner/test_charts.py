"""The charts: numbers at their places, and nothing in the file that a second drawing would change."""

import xml.etree.ElementTree as ElementTree

import pandas as pd
import pytest

from qlib_runner import charts

SVG = "{http://www.w3.org/2000/svg}"


def parsed(svg: str) -> ElementTree.Element:
    """Return the chart as the XML it is."""
    return ElementTree.fromstring(svg)


def words(svg: str) -> list[str]:
    """Return every text of a chart."""
    return [text.text for text in parsed(svg).iter(f"{SVG}text")]


def test_a_line_runs_from_edge_to_edge_between_the_ticks():
    """Three sessions from 1.0 over 1.2 to 1.1: left at the bottom tick, in the middle at the top one."""
    days = pd.to_datetime(["2024-01-04", "2024-01-05", "2024-01-08"])
    svg = charts.line_chart("Value", {"portfolio": pd.Series([1.0, 1.2, 1.1], days)})
    [line] = parsed(svg).iter(f"{SVG}polyline")
    points = [tuple(map(float, pair.split(","))) for pair in line.get("points").split()]
    assert points == [(64.0, 248.0), (404.0, 40.0), (744.0, 144.0)]
    assert words(svg)[:6] == ["Value", "1.00", "1.05", "1.10", "1.15", "1.20"]
    assert {"2024-01-04", "2024-01-05", "2024-01-08"} <= set(words(svg))


def test_two_lines_are_named_and_one_is_not():
    """A name stands in the colour of its line."""
    days = pd.to_datetime(["2024-01-04", "2024-01-05"])
    line = pd.Series([0.0, -0.1], days)
    svg = charts.line_chart("Below", {"portfolio": line, "benchmark": line / 2}, percent=True)
    colours = {text.text: text.get("fill") for text in parsed(svg).iter(f"{SVG}text")}
    strokes = [line.get("stroke") for line in parsed(svg).iter(f"{SVG}polyline")]
    assert [colours["portfolio"], colours["benchmark"]] == strokes
    assert "-10%" in words(svg)
    assert "portfolio" not in words(charts.line_chart("Below", {"portfolio": line}))


def test_bars_stand_on_zero_and_a_missing_one_leaves_its_place():
    """A gain and a loss of the same size are of the same height, on both sides of zero."""
    svg = charts.bar_chart("IC", {"a": 0.1, "b": None, "c": -0.1})
    _, gain, loss = parsed(svg).iter(f"{SVG}rect")
    assert float(gain.get("y")) + float(gain.get("height")) == pytest.approx(144.0)
    assert float(loss.get("y")) == pytest.approx(144.0)
    assert gain.get("height") == loss.get("height") == "104.0"
    assert gain.get("fill") != loss.get("fill")
    assert {"a", "b", "c"} <= set(words(svg))


@pytest.mark.parametrize("bars", [{}, {"a": None}, {"a": 0.0}])
def test_nothing_to_show_is_an_empty_chart(bars):
    """No division by a spread that is not there."""
    assert words(charts.bar_chart("IC", bars))[0] == "IC"


def test_a_flat_line_is_drawn():
    """A portfolio that never trades is worth 1 all the time."""
    days = pd.to_datetime(["2024-01-04", "2024-01-05"])
    svg = charts.line_chart("Value", {"portfolio": pd.Series([1.0, 1.0], days)})
    [line] = parsed(svg).iter(f"{SVG}polyline")
    assert len({pair.split(",")[1] for pair in line.get("points").split()}) == 1


def test_ranked_bars_show_their_shares_and_escape_their_names():
    """The longest bar ends at the same place whatever its share is."""
    svg = charts.ranked_bars("Features", {"A<B": 0.2, "C": 0.05})
    _, first, second = parsed(svg).iter(f"{SVG}rect")
    assert float(first.get("width")) == pytest.approx(4 * float(second.get("width")))
    assert words(svg)[1:] == ["A<B", "20.0%", "C", "5.0%"]
