"""Latency against load: a table, and a plot in SVG."""

from __future__ import annotations

from collections.abc import Sequence

from vecq.bench.report import words
from vecq.bench.report.drawing import Axis, Lines, Mark, Series
from vecq.bench.report.files import standalone
from vecq.bench.report.scales import Linear, Log
from vecq.bench.serving.load import Step

QUANTILES = ((0.5, "p50"), (0.9, "p90"), (0.99, "p99"), (0.999, "p99.9"))


def table(steps: Sequence[Step]) -> str:
    """Return a line per step."""
    lines = [
        f"{'requests/s':>12}{'answered/s':>12}{'failed':>8}"
        + "".join(f"{name:>10}" for _, name in QUANTILES)
    ]
    for step in steps:
        rate = "closed loop" if step.rate is None else words.whole(step.rate)
        cells = "".join(f"{words.seconds(step.quantile(share)):>10}" for share, _ in QUANTILES)
        lines.append(f"{rate:>12}{words.whole(step.answered):>12}{step.failed:>8}{cells}")
    return "\n".join(lines)


def latency_plot(steps: Sequence[Step], title: str) -> str:
    """Return a plot of latency quantiles against load, as SVG; it leaves closed loops out."""
    drawn = [step for step in steps if step.rate is not None and len(step.latencies)]
    if not drawn:
        raise ValueError("no step has a rate and answers")
    series = [
        Series(
            name,
            number,
            [
                Mark(
                    step.rate or 0.0,
                    step.quantile(share),
                    f"{name} at {words.whole(step.rate)} requests/s: "
                    f"{words.seconds(step.quantile(share))}",
                )
                for step in drawn
            ],
            strong=name == "p99",
        )
        for number, (share, name) in enumerate(QUANTILES)
    ]
    times = [mark.y for one in series for mark in one.marks]
    ends = f"from {words.whole(drawn[0].rate)} to {words.whole(drawn[-1].rate)} requests/s"
    return standalone(
        Lines(
            title,
            f"Quantiles of latency {ends}, counted from the time a request was due.",
            Axis("requests/s", Linear([step.rate or 0.0 for step in drawn])),
            Axis("latency", Log(times, words.seconds)),
            series,
        )
    )
