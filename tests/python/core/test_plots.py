"""Plots of notebooks stay inside their frames, and escape what they are given."""

import re
from xml.etree import ElementTree

import pytest

from vecq.core.html import table
from vecq.core.plots import HEIGHT, LINE, TALL, WIDTH, bar, line, scatter


@pytest.mark.parametrize("share", [-1.0, 0.0, 0.3, 1.0, 7.0])
def test_bars_fit_their_frame(share):
    width = float(re.search(r'rect width="([\d.]+)"', bar(share, "1 < 2"))[1])
    assert width == pytest.approx(80 * min(1, max(0, share)))
    assert "1 &lt; 2" in bar(share, "1 < 2")


@pytest.mark.parametrize("values", [[], [1.0], [2.0, 2.0], [3.0, 1.0, -1e30]])
def test_lines_fit_their_frame(values):
    points = re.findall(r"([\d.-]+),([\d.-]+)", line(values))
    assert len(points) == len(values)
    assert all(0 <= float(x) <= LINE and 0 < float(y) < HEIGHT for x, y in points)


@pytest.mark.parametrize(
    "points", [[(0.9, 10.0, "a")], [(0.5, 1.0, "<b>"), (1.0, 1e6, "&"), (0.7, 3.0, "c")]]
)
def test_points_fit_their_frame(points):
    drawn = ElementTree.fromstring(scatter("recall", "QPS", points, 0))
    circles = drawn.findall("circle")
    assert [circle.find("title").text for circle in circles] == [text for _, _, text in points]
    assert [circle.get("fill") == "none" for circle in circles] == [False, True, True][
        : len(points)
    ]
    for circle in circles:
        assert 0 < float(circle.get("cx")) < WIDTH
        assert 0 < float(circle.get("cy")) < TALL


def test_nothing_is_drawn_without_points():
    assert scatter("x", "y", [], 0) == ""


def test_tables_escape_text_but_not_plots():
    shown = table("a", ["b"], [["<i>"], [bar(1, "c")]])
    assert "&lt;i&gt;" in shown
    assert "<rect" in shown
