"""The plots of a report, and the names of their files."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from vecq.bench.records import Accuracy, Build, Point
from vecq.bench.report import words
from vecq.bench.report.curves import Curve, Regime, fastest
from vecq.bench.report.drawing import Axis, Bar, Bars, Drawing, Lines, Mark, Series
from vecq.bench.report.scales import Linear, Log, Nines
from vecq.bench.report.sheet import Sheet

# Latencies are shown at the fastest setting of at least this recall, or of the best there is.
ENOUGH = 0.95
# Of a curve of latencies these are marked, to tell curves apart.
QUANTILES = (0.5, 0.9, 0.99, 0.999)


@dataclass(frozen=True)
class Chart:
    """A plot: what it is of, and what it shows."""

    kind: str  # pareto, latency, build, memory, loss
    data: str
    drawing: Drawing
    regime: Regime | None = None

    @property
    def name(self) -> str:
        """Of its file, without what follows the dot."""
        parts = [self.kind, self.data]
        if self.regime is not None:
            one = self.regime
            parts += [f"k{one.k}", one.name, f"{one.threads}x{one.processes}"]
        return re.sub(r"[^\w.-]+", "_", "-".join(parts))


def charts(sheet: Sheet) -> list[Chart]:
    return [
        *paretos(sheet),
        *latencies(sheet),
        *_bars(sheet, "build", "Build time", lambda one: one.seconds, words.seconds),
        *_bars(
            sheet,
            "memory",
            "Bytes per vector, links included",
            lambda one: one.bytes_per_vector,
            words.whole,
        ),
        *losses(sheet),
    ]


def paretos(sheet: Sheet) -> Iterator[Chart]:
    """Recall against QPS, one plot for each regime."""
    for regime in sheet.regimes:
        series = [_pareto(sheet, curve) for curve in sheet.of(regime)]
        marks = [mark for one in series for mark in one.marks]
        drawn = Lines(
            f"recall@{regime.k}: {regime}",
            f"Queries per second against recall@{regime.k} on {regime.data}, {regime}: "
            f"{_described(sheet, regime)}",
            Axis(f"recall@{regime.k}", Nines([mark.x for mark in marks])),
            Axis("QPS", Log([mark.y for mark in marks])),
            series,
        )
        yield Chart("pareto", regime.data, drawn, regime)


def operating_point(curve: Curve) -> Point:
    """The measured point that stands for a curve: the fastest of enough recall, or the best."""
    return curve.reaching(ENOUGH) or curve.front[-1]


def latencies(sheet: Sheet) -> Iterator[Chart]:
    """What share of queries is answered within a time."""
    for regime in sheet.regimes:
        points = [(curve.contestant, operating_point(curve)) for curve in sheet.of(regime)]
        series = [_cdf(sheet, name, p) for name, p in points if p.latency_curve]
        marks = [mark for one in series for mark in one.marks]
        if not marks:
            continue
        drawn = Lines(
            f"latency, k={regime.k}: {regime}",
            f"Share of queries answered within a time on {regime.data}, k={regime.k}, {regime}, "
            f"each contestant at its fastest setting of recall {ENOUGH} or more.",
            Axis("time per query", Log([mark.x for mark in marks], words.seconds)),
            Axis("share of queries", Nines([mark.y for mark in marks])),
            series,
        )
        yield Chart("latency", regime.data, drawn, regime)


def losses(sheet: Sheet) -> Iterator[Chart]:
    """What codes alone lose of recall, against what they weigh."""
    for data in sheet.data_names:
        series = [
            Series(f"k={one.k}", number, _losses(sheet, one, named=number == 0))
            for number, one in enumerate(
                one for one in sheet.accuracy if (one.data, one.metric) == (data, "recall")
            )
        ]
        marks = [mark for one in series for mark in one.marks]
        if not marks:
            continue
        drawn = Lines(
            "loss of recall against bytes",
            f"Points of recall that codes alone lose on {data}, against bytes per vector: "
            + "; ".join(mark.title for mark in marks),
            Axis("bytes per vector, links included", Linear([mark.x for mark in marks])),
            Axis("loss, points of recall", Linear([mark.y for mark in marks])),
            series,
        )
        yield Chart("loss", data, drawn)


def _pareto(sheet: Sheet, curve: Curve) -> Series:
    marks = [
        Mark(
            point.recall or 0.0,
            fastest(point),
            f"{curve.contestant}, {words.settings(point.setting)}: recall "
            f"{words.share(point.recall)}, {words.whole(point.speed)} QPS, "
            f"repetitions {words.percent(point.spread)} apart",
        )
        for point in curve.front
    ]
    return _one(sheet, curve.regime.data, curve.contestant, marks)


def _cdf(sheet: Sheet, name: str, point: Point) -> Series:
    curve = [(quantile, time) for quantile, time in point.latency_curve or [] if time > 0]
    marked = {
        min(range(len(curve)), key=lambda i: abs(curve[i][0] - quantile))
        for quantile in (QUANTILES if curve else ())
    }
    marks = [
        Mark(
            time,
            quantile,
            f"{name}, {words.settings(point.setting)}: {words.percent(quantile, 2)} of queries "
            f"within {words.seconds(time)}",
            dot=number in marked,
        )
        for number, (quantile, time) in enumerate(curve)
    ]
    return _one(sheet, point.data, name, marks)


def _one(sheet: Sheet, data: str, name: str, marks: list[Mark]) -> Series:
    ours = sheet.ours(data, "int8")
    strong = ours is not None and ours.contestant == name
    return Series(name, sheet.colour(name), marks, strong)


def _losses(sheet: Sheet, one: Accuracy, named: bool) -> list[Mark]:
    """A mark for every codec that an index was built with, the names beside one curve only."""
    marks = []
    for codec in ("int8", "int16", "fp32"):
        build = sheet.ours(one.data, codec)
        if build is not None and build.bytes_per_vector:
            loss = 100 * (one.fp32 - getattr(one, codec))
            title = (
                f"{codec}, k={one.k}: {loss:.2f} points at {words.whole(build.bytes_per_vector)} B"
            )
            marks.append(Mark(build.bytes_per_vector, loss, title, codec if named else ""))
    return marks


def _bars(
    sheet: Sheet,
    kind: str,
    title: str,
    value: Callable[[Build], float | None],
    text: Callable[[float | None], str],
) -> Iterator[Chart]:
    """A bar for what every contestant's build has of something, one plot for each data set."""
    for data in sheet.data_names:
        builds = [b for b in sheet.builds.values() if b.data == data and value(b) is not None]
        if not builds:
            continue
        items = [_bar(sheet, build, value(build), text(value(build))) for build in builds]
        said = "; ".join(f"{bar.name} {bar.text}" for bar in items)
        yield Chart(kind, data, Bars(title, f"On {data}: {said}.", items))


def _bar(sheet: Sheet, build: Build, value: float, text: str) -> Bar:
    ours = sheet.ours(build.data, "int8")
    colour = sheet.colour(build.contestant)
    return Bar(build.contestant, colour, value, text, strong=build is ours)


def _described(sheet: Sheet, regime: Regime) -> str:
    """The plot in words: where each curve goes."""
    return "; ".join(
        f"{curve.contestant} from recall {words.share(curve.front[0].recall)} at "
        f"{words.whole(curve.front[0].speed)} to {words.share(curve.best)} at "
        f"{words.whole(curve.front[-1].speed)}"
        for curve in sheet.of(regime)
    )
