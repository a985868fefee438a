"""The content of a plot, which `svg` draws."""

from collections.abc import Sequence
from dataclasses import dataclass

from vecq.bench.report.scales import Scale

COLORS, SHAPES = 10, 5


def shape(number: int) -> int:
    """Return the marker of a series: series that share a color have different ones.

    >>> shape(0), shape(10)
    (0, 1)
    """
    return (number + number // COLORS) % SHAPES


@dataclass(frozen=True)
class Mark:
    """A point of a series, with a tooltip and a label."""

    x: float
    y: float
    title: str = ""
    label: str = ""
    dot: bool = True


@dataclass(frozen=True)
class Series:
    """A named line: the number of its color, and points from left to right."""

    name: str
    color: int
    marks: Sequence[Mark]
    strong: bool = False


@dataclass(frozen=True)
class Bar:
    name: str
    color: int
    value: float
    text: str
    strong: bool = False


@dataclass(frozen=True)
class Axis:
    title: str
    scale: Scale


@dataclass(frozen=True)
class Lines:
    """Series over two axes; the description is for screen readers."""

    title: str
    description: str
    x: Axis
    y: Axis
    series: Sequence[Series]


@dataclass(frozen=True)
class Bars:
    """A bar for each item, from top to bottom."""

    title: str
    description: str
    bars: Sequence[Bar]


Drawing = Lines | Bars
