"""What a plot shows, whatever it is drawn with."""

from collections.abc import Sequence
from dataclasses import dataclass

from vecq.bench.report.scales import Scale

COLOURS, SHAPES = 10, 5


def shape(number: int) -> int:
    """Which of the marks' shapes a series has: where its colour comes again, it is another one.

    >>> shape(0), shape(10)
    (0, 1)
    """
    return (number + number // COLOURS) % SHAPES


@dataclass(frozen=True)
class Mark:
    """A point of a series, what is shown when the pointer is on it, and what stands beside it."""

    x: float
    y: float
    title: str = ""
    label: str = ""
    dot: bool = True


@dataclass(frozen=True)
class Series:
    """What belongs together: a name, the number of its colour, and points from left to right."""

    name: str
    colour: int
    marks: Sequence[Mark]
    strong: bool = False


@dataclass(frozen=True)
class Bar:
    name: str
    colour: int
    value: float
    text: str
    strong: bool = False


@dataclass(frozen=True)
class Axis:
    title: str
    scale: Scale


@dataclass(frozen=True)
class Lines:
    """Series over two axes; the description tells the plot to who can't see it."""

    title: str
    description: str
    x: Axis
    y: Axis
    series: Sequence[Series]


@dataclass(frozen=True)
class Bars:
    """A bar for each item, from above to below."""

    title: str
    description: str
    bars: Sequence[Bar]


Drawing = Lines | Bars
