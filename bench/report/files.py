"""Plots as SVG files, which follow light and dark mode."""

from collections.abc import Sequence
from pathlib import Path

from vecq.bench.records import Record
from vecq.bench.report.charts import charts
from vecq.bench.report.drawing import Drawing
from vecq.bench.report.sheet import Sheet
from vecq.bench.report.style import text
from vecq.bench.report.svg import render

GROUND = "@media screen and (prefers-color-scheme: dark) { svg { background: #161d27; } }"


def plots(records: Sequence[Record], folder: str | Path) -> list[Path]:
    """Write every plot of a run into a folder, as SVG.

    Args:
        records: The records of the run.
        folder: The folder; it is made if necessary.

    Returns:
        The paths of the plots.

    >>> plots(vecq.bench.records.read("run.jsonl"), "plots")[0]
    PosixPath('plots/pareto-recsys-demo-k100-single-1x1.svg')
    """
    home = Path(folder)
    home.mkdir(parents=True, exist_ok=True)
    paths = []
    for chart in charts(Sheet(records)):
        paths.append(home / f"{chart.name}.svg")
        paths[-1].write_text(standalone(chart.drawing), encoding="utf-8")
    return paths


def standalone(drawing: Drawing) -> str:
    """Return a plot as SVG that includes its style sheet."""
    before, after = render(drawing).split(">", 1)
    return f"{before}><style>svg {{ background: #fff; }}{GROUND}{text('series.css')}</style>{after}"
