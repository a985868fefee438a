"""Small plots for notebooks: bars, lines and scatters as SVG, in the colors of the page."""

import math
from collections.abc import Sequence
from html import escape

from vecq.core.html import Markup

BAR, LINE, HEIGHT = 80, 120, 14  # pixels
WIDTH, TALL, LEFT, BASE = 420, 220, 64, 34  # of a scatter, and its margins for labels
ACCENT = "#00897b"


def bar(share: float, text: str) -> Markup:
    """Return a bar of that share of a full one, and a text beside it.

    >>> bar(0.5, "12 MB").count("<rect")
    1
    """
    width = BAR * min(1.0, max(0.0, share))
    rect = f'<rect width="{width:.1f}" height="{HEIGHT - 4}" y="3" fill="{ACCENT}"/>'
    return Markup(f"{_svg(BAR, HEIGHT, rect)} {escape(text)}")


def line(values: Sequence[float]) -> Markup:
    """Return a line through values, the largest on top.

    >>> line([3.0, 2.0, 1.0]).count(",")
    3
    """
    low, high = min(values, default=0), max(values, default=0)
    span, step = (high - low) or 1, LINE / max(1, len(values) - 1)
    points = " ".join(
        f"{i * step:.1f},{1 + (HEIGHT - 2) * (high - value) / span:.1f}"
        for i, value in enumerate(values)
    )
    drawn = f'<polyline points="{points}" fill="none" stroke="{ACCENT}" stroke-width="1.5"/>'
    return Markup(_svg(LINE, HEIGHT, drawn))


def scatter(x: str, y: str, points: Sequence[tuple[float, float, str]], chosen: int) -> str:
    """Return points over a linear x and a logarithmic y axis; the chosen one is filled.

    Args:
        x, y: Titles of the axes.
        points: x, y and tooltip of each point; y must be positive.
        chosen: Position of the chosen point.
    """
    if not points:
        return ""
    xs, ys = [point[0] for point in points], [math.log(point[1]) for point in points]
    left, bottom = min(xs), min(ys)
    wide, high = (max(xs) - left) or 1, (max(ys) - bottom) or 1
    parts = [
        f'<path d="M{LEFT} 8 V{TALL - BASE} H{WIDTH - 8}" fill="none" stroke="currentColor"/>',
        _label(LEFT, TALL - BASE + 14, f"{left:.4g}", "start"),
        _label(WIDTH - 8, TALL - BASE + 14, f"{max(xs):.4g}", "end"),
        _label((LEFT + WIDTH) / 2, TALL - 4, x, "middle"),
        _label(LEFT - 6, 16, f"{max(p[1] for p in points):,.4g}", "end"),
        _label(LEFT - 6, TALL - BASE, f"{min(p[1] for p in points):,.4g}", "end"),
        _label(LEFT + 6, 16, y, "start"),
    ]
    for number, (value, log, point) in enumerate(zip(xs, ys, points, strict=True)):
        across = LEFT + 10 + (WIDTH - LEFT - 30) * (value - left) / wide
        down = TALL - BASE - 10 - (TALL - BASE - 40) * (log - bottom) / high
        fill = ACCENT if number == chosen else "none"
        parts.append(
            f'<circle cx="{across:.1f}" cy="{down:.1f}" r="4.5" fill="{fill}" '
            f'stroke="{ACCENT}" stroke-width="1.5"><title>{escape(point[2])}</title></circle>'
        )
    return _svg(WIDTH, TALL, "".join(parts))


def _label(x: float, y: float, text: str, anchor: str) -> str:
    place = f'x="{x:.0f}" y="{y:.0f}" font-size="11" text-anchor="{anchor}"'
    return f'<text {place} fill="currentColor">{escape(text)}</text>'


def _svg(width: int, height: int, content: str) -> str:
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return f'<svg {size} role="img" style="vertical-align: middle">{content}</svg>'
