"""Plots as files: SVG, which follows light and dark mode, and PNG."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vecq.bench.records import Record
from vecq.bench.report.charts import charts
from vecq.bench.report.drawing import Bars, Drawing, Lines, shape
from vecq.bench.report.sheet import Sheet
from vecq.bench.report.style import colors, package, text
from vecq.bench.report.svg import render

MARKERS = "os^Dv"
GRID, FAINT = "#e4e8ee", "#52606f"
GROUND = "@media screen and (prefers-color-scheme: dark) { svg { background: #161d27; } }"


def plots(records: Sequence[Record], folder: str | Path) -> list[Path]:
    """Write every plot of a run into a folder, as SVG and PNG, and return their paths.

    >>> plots(vecq.bench.records.read("run.jsonl"), "plots")[0]
    PosixPath('plots/pareto-recsys-demo-k100-single-1x1.svg')
    """
    home = Path(folder)
    home.mkdir(parents=True, exist_ok=True)
    paths = []
    for chart in charts(Sheet(records)):
        vector, raster = (home / f"{chart.name}.{kind}" for kind in ("svg", "png"))
        vector.write_text(_alone(chart.drawing), encoding="utf-8")
        _paint(chart.drawing, raster)
        paths += [vector, raster]
    return paths


def _alone(drawing: Drawing) -> str:
    """Return SVG that includes its style sheet."""
    before, after = render(drawing).split(">", 1)
    return f"{before}><style>svg {{ background: #fff; }}{GROUND}{text('series.css')}</style>{after}"


def _paint(drawing: Drawing, path: Path) -> None:
    matplotlib = package("matplotlib.figure", "a plot as PNG")
    figure = matplotlib.Figure(figsize=(7.2, 5), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(drawing.title, loc="left", fontsize=11, fontweight="bold")
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=FAINT, length=0)
    if isinstance(drawing, Lines):
        _paint_lines(axes, drawing)
    else:
        _paint_bars(axes, drawing)
    figure.savefig(path, dpi=150)


def _paint_lines(axes: Any, drawing: Lines) -> None:
    palette, x, y = colors(), drawing.x.scale, drawing.y.scale
    for one in drawing.series:
        axes.plot(
            [x.at(mark.x) for mark in one.marks],
            [y.at(mark.y) for mark in one.marks],
            color=palette[one.color % len(palette)],
            marker=MARKERS[shape(one.color)],
            markevery=[i for i, mark in enumerate(one.marks) if mark.dot],
            linewidth=3 if one.strong else 1.6,
            markersize=5,
            label=one.name,
        )
        for mark in filter(lambda mark: mark.label, one.marks):
            place = (x.at(mark.x), y.at(mark.y))
            axes.annotate(mark.label, place, xytext=(6, 5), textcoords="offset points")
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel=drawing.x.title, ylabel=drawing.y.title)
    for axis, scale in ((axes.xaxis, x), (axes.yaxis, y)):
        ticks = scale.ticks()
        axis.set_ticks([scale.at(value) for value, _ in ticks], [label for _, label in ticks])
    axes.grid(color=GRID)
    axes.set_axisbelow(True)
    axes.legend(frameon=False, fontsize=9)


def _paint_bars(axes: Any, drawing: Bars) -> None:
    palette, bars = colors(), list(reversed(drawing.bars))
    drawn = axes.barh(
        [bar.name for bar in bars],
        [bar.value for bar in bars],
        color=[palette[bar.color % len(palette)] for bar in bars],
    )
    axes.bar_label(drawn, [bar.text for bar in bars], padding=5)
    axes.set_xticks([])
    axes.margins(x=0.16)
    axes.spines["bottom"].set_visible(False)
