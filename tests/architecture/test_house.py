"""ARCHITECTURE draws the tree as it is: every room stands in the drawing, in the order it may be built on."""

import re

from tests.architecture.modules import tracked_files
from tests.architecture.test_imports import FLOORS
from trading_ops.settings import PROJECT_ROOT

PAGE = (PROJECT_ROOT / "docs/ARCHITECTURE.md").read_text()
DRAWING = PAGE.partition("## The house")[2].split("```")[1]


def folders_of(place: str) -> set[str]:
    """Return the names of the folders in a folder that hold files of the project."""
    inside = [name.removeprefix(place) for name in tracked_files() if name.startswith(place)]
    return {name.split("/")[0] for name in inside if "/" in name}


def test_the_top_of_the_drawing_is_the_top_of_the_tree():
    """Every top-level folder once; CI's own is none of the house."""
    drawn = re.findall(r"^(\w+)/", DRAWING, re.M)
    assert set(drawn) == folders_of("") - {".ci"}
    assert set(re.findall(r"^plugins/(\w+)/", DRAWING, re.M)) == folders_of("plugins/")


def test_the_library_is_drawn_floor_by_floor():
    """The rooms of the library, from the ground up, and the files that lie in the open."""
    rooms = re.findall(r"^  (\w+)/", DRAWING, re.M)
    assert rooms == [floor for floor in FLOORS if floor and not floor.startswith("__")]
    assert set(rooms) == folders_of("plugins/trading_ops/")
    (in_the_open,) = re.findall(r"^  ((?:\w+ )+\w+)  ", DRAWING, re.M)
    files = {
        name.rpartition("/")[2].removesuffix(".py")
        for name in tracked_files()
        if re.fullmatch(r"plugins/trading_ops/[^/]+\.py", name)
    }
    assert files == {*in_the_open.split(), "__init__", "__main__"}


def test_the_rooms_beside_the_library_are_drawn_with_their_folders():
    """Airflow's side and the page name each of their folders."""
    for place in ("plugins/trading_ops_airflow/", "confirm_app/"):
        (line,) = [line for line in DRAWING.splitlines() if line.startswith(place)]
        hidden = {"static", "templates"}
        assert set(re.findall(r"(\w+)/", line.removeprefix(place))) == folders_of(place) - hidden
