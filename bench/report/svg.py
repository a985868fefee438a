"""Plots as SVG text: lines with marks over two axes, and bars.

The classes c0, c1, ... stand for colors, which `series.css` defines for light and dark mode. Every
mark has a tooltip, and every plot a description for screen readers.
"""

from collections.abc import Iterator, Sequence
from html import escape

from vecq.bench.report.drawing import COLORS, Axis, Bars, Drawing, Lines, Series, shape
from vecq.bench.report.scales import Scale

WIDTH, HEIGHT = 440, 316
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 42, 44
LETTER, LINE = 7.5, 20  # approximate size of the text


def render(drawing: Drawing) -> str:
    """Return a plot as an SVG element; `series.css` defines its colors."""
    height, body = _lines(drawing) if isinstance(drawing, Lines) else _bars(drawing)
    title, description = escape(drawing.title), escape(drawing.description)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="plot" role="img" '
        f'viewBox="0 0 {WIDTH} {height}" aria-label="{title}. {description}">'
        f'<text class="heading" x="2" y="14">{title}</text>{"".join(body)}</svg>'
    )


def _lines(drawing: Lines) -> tuple[int, list[str]]:
    """Return the height of the plot, and its axes, series and legend."""
    legend = list(_legend([(one.name, one.color) for one in drawing.series]))
    rows = 1 + max((row for row, _ in legend), default=-1)
    body = [*_axes(drawing.x, drawing.y)]
    for one in sorted(drawing.series, key=lambda one: one.strong):
        body += _series(one, drawing.x.scale, drawing.y.scale)
    return HEIGHT + rows * LINE, body + [text for _, text in legend]


def _bars(drawing: Bars) -> tuple[int, list[str]]:
    """Return the height of the plot, and its bars with names and values."""
    step, top = 38, 30
    most = max((bar.value for bar in drawing.bars), default=0) or 1
    room = WIDTH - 16 - LETTER * max((len(bar.text) for bar in drawing.bars), default=0)
    body = []
    for number, bar in enumerate(drawing.bars):
        y, length = top + number * step, max(2.0, room * bar.value / most)
        strong = " strong" if bar.strong else ""
        body.append(
            f'<g class="bar c{bar.color % COLORS}{strong}">'
            f"<title>{escape(f'{bar.name}: {bar.text}')}</title>"
            f'<text x="2" y="{y + 11}">{escape(bar.name)}</text>'
            f'<rect x="2" y="{y + 16}" width="{length:.1f}" height="12" rx="2"/>'
            f'<text class="value" x="{length + 8:.1f}" y="{y + 26.5}">{escape(bar.text)}</text></g>'
        )
    return top + len(drawing.bars) * step + 4, body


def _place(share: float, horizontal: bool) -> float:
    if horizontal:
        return LEFT + share * (WIDTH - LEFT - RIGHT)
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _axes(x: Axis, y: Axis) -> Iterator[str]:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    for value, text in x.scale.ticks():
        at = _place(x.scale.at(value), True)
        yield f'<path class="grid" d="M{at:.1f} {TOP}V{bottom}"/>'
        inside = at + LETTER * len(text) / 2 < WIDTH
        anchor = "middle" if inside else "end"
        place = f'x="{at if inside else WIDTH:.1f}" y="{bottom + 16}" text-anchor="{anchor}"'
        yield f'<text class="tick" {place}>{text}</text>'
    for value, text in y.scale.ticks():
        at = _place(y.scale.at(value), False)
        yield f'<path class="grid" d="M{LEFT} {at:.1f}H{right}"/>'
        yield (
            f'<text class="tick" x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{text}</text>'
        )
    yield f'<path class="axis" d="M{LEFT} {TOP}V{bottom}H{right}"/>'
    middle = (LEFT + right) / 2
    yield (
        f'<text class="name" x="{middle}" y="{bottom + 34}" text-anchor="middle">'
        f"{escape(x.title)}</text>"
    )
    yield f'<text class="name" x="2" y="32">{escape(y.title)}</text>'


def _series(series: Series, x: Scale, y: Scale) -> Iterator[str]:
    places = [
        (_place(x.at(mark.x), True), _place(y.at(mark.y), False), mark) for mark in series.marks
    ]
    yield f'<g class="series c{series.color % COLORS}{" strong" if series.strong else ""}">'
    path = "L".join(f"{left:.1f} {top:.1f}" for left, top, _ in places)
    if len(places) > 1:
        yield f'<path class="line" d="M{path}"/>'
    for left, top, mark in places:
        title = f"<title>{escape(mark.title)}</title>" if mark.title else ""
        if mark.dot:
            yield f'<path class="mark" d="{_shape(series.color, left, top)}">{title}</path>'
        if title:
            yield f'<circle class="hover" cx="{left:.1f}" cy="{top:.1f}" r="9">{title}</circle>'
        if mark.label:
            yield f'<text x="{left + 8:.1f}" y="{top - 6:.1f}">{escape(mark.label)}</text>'
    yield "</g>"


def _shape(number: int, x: float, y: float) -> str:
    """Return a marker's outline: not every reader can tell series apart by color."""
    outlines = (
        "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0",  # a disc
        "m-3.5-3.5h7v7h-7z",  # a square
        "m0-4.8l4.6 8h-9.2z",  # a triangle
        "m0-5l5 5l-5 5l-5-5z",  # a diamond
        "m0 4.8l4.6-8h-9.2z",  # a triangle on its tip
    )
    return f"M{x:.1f} {y:.1f}{outlines[shape(number)]}"


def _legend(names: Sequence[tuple[str, int]]) -> Iterator[tuple[int, str]]:
    """Yield each entry and its row; rows wrap at the width of the plot."""
    row, left = 0, float(LEFT)
    for name, color in names:
        width = 24 + LETTER * len(name)
        if left > LEFT and left + width > WIDTH:
            row, left = row + 1, float(LEFT)
        y = HEIGHT + 8 + row * LINE
        yield (
            row,
            f'<g class="series c{color % COLORS}"><path class="mark" '
            f'd="{_shape(color, left + 5, y - 4)}"/>'
            f'<text x="{left + 14:.1f}" y="{y}">{escape(name)}</text></g>',
        )
        left += width
