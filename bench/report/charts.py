"""The plots of a report, and their file names."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from vecq.bench.records import Accuracy, Build, Point
from vecq.bench.report import words
from vecq.bench.report.curves import Curve, Regime, median
from vecq.bench.report.drawing import Axis, Bar, Bars, Drawing, Lines, Mark, Series
from vecq.bench.report.scales import Linear, Log, Nines
from vecq.bench.report.sheet import Sheet

# Latencies are shown for the fastest setting of at least this recall, or of the best recall.
ENOUGH = 0.95
# Quantiles that are marked on a curve of latencies.
QUANTILES = (0.5, 0.9, 0.99, 0.999)


@dataclass(frozen=True)
class Chart:
    """A plot: its kind, data set and content."""

    kind: str  # pareto, latency, build, memory, loss
    data: str
    drawing: Drawing
    regime: Regime | None = None

    @property
    def name(self) -> str:
        """The name of its file, without suffix."""
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
    """Recall against median QPS, one plot for each regime."""
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
    """Return the point that represents a curve: the fastest of enough recall, or the best."""
    return curve.reaching(ENOUGH) or curve.front[-1]


def latencies(sheet: Sheet) -> Iterator[Chart]:
    """The share of queries that are answered within a time."""
    for regime in sheet.regimes:
        points = [(curve.contender, operating_point(curve)) for curve in sheet.of(regime)]
        series = [_cdf(sheet, name, p) for name, p in points if p.latency_curve]
        marks = [mark for one in series for mark in one.marks]
        if not marks:
            continue
        drawn = Lines(
            f"latency, k={regime.k}: {regime}",
            f"Share of queries answered within a time on {regime.data}, k={regime.k}, {regime}, "
            f"each contender at its fastest setting of recall {ENOUGH} or more.",
            Axis("time per query", Log([mark.x for mark in marks], words.seconds)),
            Axis("share of queries", Nines([mark.y for mark in marks])),
            series,
        )
        yield Chart("latency", regime.data, drawn, regime)


def losses(sheet: Sheet) -> Iterator[Chart]:
    """Recall that codes alone lose, against bytes per vector."""
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
            median(point),
            f"{point.contender}, {words.settings(point.setting)}: recall "
            f"{words.share(point.recall)}, median {words.whole(point.speed)} QPS, "
            f"spread {words.percent(point.spread)}",
        )
        for point in curve.front
    ]
    return _one(sheet, curve.regime.data, curve.contender, marks)


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
    strong = ours is not None and ours.contender == name
    return Series(name, sheet.color(name), marks, strong)


def _losses(sheet: Sheet, one: Accuracy, named: bool) -> list[Mark]:
    """A mark for every codec that an index was built with; one curve has the labels."""
    marks = []
    for codec in ("int4", "int8", "int12", "int16", "fp32"):
        build, share = sheet.ours(one.data, codec), getattr(one, codec)
        if build is not None and build.bytes_per_vector and share is not None:
            loss = 100 * (one.fp32 - share)
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
    """A bar for a value of every contender's build, one plot for each data set."""
    for data in sheet.data_names:
        items = [
            _bar(sheet, build, length, text(length))
            for build in sheet.builds.values()
            if build.data == data and (length := value(build)) is not None
        ]
        if not items:
            continue
        said = "; ".join(f"{bar.name} {bar.text}" for bar in items)
        yield Chart(kind, data, Bars(title, f"On {data}: {said}.", items))


def _bar(sheet: Sheet, build: Build, value: float, text: str) -> Bar:
    ours = sheet.ours(build.data, "int8")
    color = sheet.color(build.contender)
    return Bar(build.contender, color, value, text, strong=build is ours)


def _described(sheet: Sheet, regime: Regime) -> str:
    """Describe the plot: the ends of each curve."""
    return "; ".join(
        f"{curve.contender} from recall {words.share(curve.front[0].recall)} at "
        f"{words.whole(curve.front[0].speed)} to {words.share(curve.best)} at "
        f"{words.whole(curve.front[-1].speed)}"
        for curve in sheet.of(regime)
    )
