"""The tables of a report."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from vecq.bench.records import Accuracy, IsaSpeed, Point
from vecq.bench.report import words
from vecq.bench.report.charts import operating_point
from vecq.bench.report.curves import LEVELS, Curve, Ratio, Regime
from vecq.bench.report.judgment import Finding, kept, lightness, speed, speed_over
from vecq.bench.report.sheet import Sheet

METRICS = {
    "recall": "recall",
    "hit_rate": "hit rate, held out",
    "heldout_recall": "recall, held out",
    "ndcg": "NDCG, held out",
}
BUSINESS = {"hit_rate": "hit rate", "recall": "recall", "ndcg": "NDCG"}
# The lowest recall that is shown, unless none is reached.
NOTABLE = 0.8
QUANTILES = {"p50": "p50", "p95": "p95", "p99": "p99", "p999": "p99.9"}


@dataclass(frozen=True)
class Cell:
    """Text and its CSS classes: "text" or "number", also "best", "good", "bad", "faint"."""

    text: str
    kind: str = "number"


@dataclass(frozen=True)
class Table:
    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    notes: list[str] = field(default_factory=list)

    @property
    def texts(self) -> list[bool]:
        """For each column, whether it holds text, which is aligned to the left."""
        return [all("text" in row[i].kind for row in self.rows) for i in range(len(self.head))]


def text(value: object) -> Cell:
    return Cell(str(value), "text")


def name(sheet: Sheet, data: str, contender: str) -> Cell:
    """Return a contender's name, in red if it has faults."""
    bad = sheet.faulty(data, contender)
    return Cell(f"{contender} (see faults)", "text bad") if bad else text(contender)


def rivals(finding: Finding) -> Table:
    """INT8 against the best variant of each peer, on one data set."""
    rows = [[text(one.name), _ratio(one.speed), _lighter(one.memory)] for one in finding.rivals]
    head = ["against", "QPS at recall", "bytes per vector"]
    return Table("vecq INT8 against the peers", head, rows)


def _lighter(ratio: float | None) -> Cell:
    if ratio is None:
        return Cell(words.NONE, "faint")
    return Cell(words.multiple(ratio), "good" if ratio < 1 else "bad")


def overview(sheet: Sheet) -> Table:
    """INT8 relative to FP32 on every data set, for every k and regime."""
    regimes = list(dict.fromkeys(regime.name for regime in sheet.regimes))
    rows = []
    for data in sheet.data_names:
        int8, fp32 = sheet.ours(data, "int8"), sheet.ours(data, "fp32")
        if int8 is None or fp32 is None:
            continue
        for k in sheet.ks(data):
            found = {r.name: r for r in sheet.regimes if (r.data, r.k) == (data, k)}
            share = kept(sheet, next(iter(found.values())), int8, fp32)[0]
            ratios = [
                speed(sheet, found[name], int8, fp32.contender) if name in found else None
                for name in regimes
            ]
            rows.append(
                [text(data), Cell(f"{k:,}"), Cell(words.percent(share, 2)), *map(_ratio, ratios)]
            )
    return Table(
        "INT8 against FP32 wherever both were measured",
        ["data", "k", "recall kept", *(f"QPS, {one}" for one in regimes)],
        rows,
        ["Ratio of median QPS to FP32's, at the recall after the @, between measured points."],
    )


def comparison(sheet: Sheet, data: str, k: int) -> Table | None:
    """INT8 as a multiple of FP32 and of every peer, in every regime, and its bytes."""
    int8, fp32 = sheet.ours(data, "int8"), sheet.ours(data, "fp32")
    if int8 is None:
        return None
    regimes = [one for one in sheet.regimes if (one.data, one.k) == (data, k)]
    others = [*([] if fp32 is None else [fp32.contender]), *sheet.peers(data)]
    rows = [
        [
            text(other),
            *(_ratio(speed_over(sheet, regime, int8, other)) for regime in regimes),
            _lighter(lightness(sheet, int8, other)),
        ]
        for other in others
    ]
    return Table(
        f"vecq INT8 as a multiple of the others: {data}, k={k:,}",
        ["", *(f"QPS, {one.name}" for one in regimes), "bytes per vector"],
        rows,
        [
            "Median QPS at the recall after the @; + where the other never reaches the recall of",
            "INT8's fastest setting. Bytes include links.",
        ],
    )


def _ratio(ratio: Ratio | None) -> Cell:
    if ratio is None:
        return Cell("not comparable", "faint")
    kind = "faint" if ratio.even else "good" if ratio.value > 1 else "bad"
    within = ", about even" if ratio.even else ""
    level = f"{words.level(ratio.level)}{'+' * ratio.is_above}"
    return Cell(f"{words.multiple(ratio.value)} @{level}{within}", kind)


def at_recall(sheet: Sheet, regime: Regime) -> Table:
    """Median QPS of every contender at the usual recalls."""
    curves = sheet.of(regime)
    levels = [one for one in sorted(LEVELS) if any(c.at(one) is not None for c in curves)]
    levels = [one for one in levels if one >= NOTABLE] or levels
    if not levels:  # all curves begin beyond the usual recalls
        least = min((curve.best for curve in curves), default=0.0)
        levels = [one for one in sorted(LEVELS) if one <= least][-1:]
    values = [[_speed_at(curve, level) for level in levels] for curve in curves]
    best = [max((row[i][0] for row in values), default=0) for i in range(len(levels))]
    rows = [
        [
            name(sheet, regime.data, curve.contender),
            *(
                Cell(shown, "best" if value and value == top else "number" if value else "faint")
                for (value, shown), top in zip(row, best, strict=True)
            ),
            Cell(words.share(curve.best)),
            Cell(words.percent(curve.spread) if curve.repeated else "once", "faint"),
        ]
        for curve, row in zip(curves, values, strict=True)
    ]
    notes = [
        f"{curve.contender}: the fastest of {', '.join(variants)} at each recall."
        for curve in curves
        if (variants := [own.removeprefix(f"{curve.contender} ") for own in sheet.variants(curve)])
    ]
    if any("*" in cell.text for row in rows for cell in row):
        notes.insert(0, "* by the smallest measured setting, whose recall is higher.")
    return Table(
        f"Median QPS at equal recall@{regime.k}: {regime}",
        ["contender", *(words.level(one) for one in levels), "best recall", "widest spread"],
        rows,
        notes,
    )


def _speed_at(curve: Curve, level: float) -> tuple[float, str]:
    value = curve.at(level)
    if value is not None:
        return value, words.whole(value)
    point = curve.reaching(level)
    return (point.speed, f"{words.whole(point.speed)}*") if point else (0.0, words.NONE)


def accuracy(found: Sequence[Accuracy]) -> Table:
    """Exact search on codes: the cost of quantization without a graph."""
    every = ("int16", "int12", "int8", "int4")
    kinds = [kind for kind in every if any(getattr(one, kind) is not None for one in found)]
    rows = [
        [
            text(one.data),
            text(METRICS.get(one.metric, one.metric)),
            Cell(f"{one.k:,}"),
            *(Cell(words.share(getattr(one, kind))) for kind in ("fp32", *kinds)),
            *(_difference(getattr(one, kind), one.fp32) for kind in kinds),
        ]
        for one in found
    ]
    names = [kind.upper() for kind in kinds]
    head = ["data", "metric", "k", "FP32", *names, *(f"{name} difference" for name in names)]
    return Table("Accuracy: exact search on the codes, no graph", head, rows)


def _difference(value: float | None, base: float) -> Cell:
    if value is None:
        return Cell(words.NONE, "faint")
    lost = base > 0 and value < 0.975 * base
    return Cell(words.signed(f"{value - base:+.4f}"), "bad" if lost else "number")


def isas(found: Sequence[IsaSpeed]) -> list[Table]:
    """FP32 and INT8 on every instruction set; a table for each data set, k and ef."""
    groups = dict.fromkeys((one.data, one.k, one.ef) for one in found)
    return [_isas(*g, [one for one in found if (one.data, one.k, one.ef) == g]) for g in groups]


def _isas(data: str, k: int, ef: int, found: Sequence[IsaSpeed]) -> Table:
    rows = []
    for isa in dict.fromkeys(one.isa for one in found):
        by_codec = {one.codec: one for one in found if one.isa == isa}
        fp32, int8 = by_codec.get("fp32"), by_codec.get("int8")
        ratio = int8.speed / fp32.speed if fp32 and int8 and fp32.speed else None
        # Only integer codes must agree: the order of additions changes the last bits of floats.
        same = int8 is None or int8.same_as_first
        rows.append(
            [
                text(isa),
                *(Cell(words.whole(one.speed if one else None)) for one in (fp32, int8)),
                Cell(words.multiple(ratio), "good" if ratio and ratio > 1 else "number"),
                *(Cell(words.share(one.recall if one else None)) for one in (fp32, int8)),
                Cell("yes", "good text") if same else Cell("NO", "bad text"),
            ]
        )
    return Table(
        f"{data}, k={k}, ef={ef}: each instruction set forced in turn",
        ["ISA", "FP32 QPS", "INT8 QPS", "ratio", "FP32 recall", "INT8 recall", "same INT8 ids"],
        rows,
    )


def _points(sheet: Sheet, regime: Regime) -> list[Point]:
    return [operating_point(curve) for curve in sheet.of(regime)]


def latency(sheet: Sheet, regime: Regime) -> Table | None:
    points = [point for point in _points(sheet, regime) if point.latency]
    rows = [
        [
            name(sheet, regime.data, point.contender),
            text(words.settings(point.setting)),
            Cell(words.share(point.recall)),
            *(Cell(words.seconds((point.latency or {}).get(q))) for q in QUANTILES),
        ]
        for point in points
    ]
    head = ["contender", "setting", "recall", *QUANTILES.values()]
    return Table(f"Time per query: k={regime.k}, {regime}", head, rows) if rows else None


def builds(sheet: Sheet, data: str) -> Table:
    rows = [
        [
            name(sheet, data, one.contender),
            Cell(words.seconds(one.seconds)),
            Cell(str(one.threads)),
            Cell(words.whole(one.bytes_per_vector)),
            text(one.bytes_are),
            Cell(words.size(one.resident_bytes)),
            text(one.resident_is),
            Cell(words.size(one.file_bytes)),
        ]
        for one in sheet.builds.values()
        if one.data == data
    ]
    head = ["contender", "build", "threads", "bytes per vector", "counted"]
    head += ["resident", "found by", "file"]
    return Table(f"{data}: build and memory", head, rows)


def business(sheet: Sheet, regime: Regime) -> Table | None:
    """Measures of held-out items, without seen ones."""
    points = [point for point in _points(sheet, regime) if point.business]
    rows = [
        [
            name(sheet, regime.data, point.contender),
            text(words.settings(point.setting)),
            *(Cell(words.share((point.business or {}).get(one))) for one in BUSINESS),
        ]
        for point in points
    ]
    head = ["contender", "setting", *BUSINESS.values()]
    caption = f"{regime.data}: held-out items among the best {regime.k}"
    return Table(caption, head, rows) if rows else None


def limit(sheet: Sheet, regime: Regime) -> Table | None:
    points = [p for p in _points(sheet, regime) if p.distances is not None]
    rows = [
        [
            name(sheet, regime.data, point.contender),
            text(words.settings(point.setting)),
            Cell(words.share(point.recall)),
            Cell(words.whole(point.hops)),
            Cell(words.whole(point.distances)),
            Cell(words.percent(point.limit_share, 0)),
        ]
        for point in points
    ]
    head = ["contender", "setting", "recall", "hops", "distances", "share of the limit"]
    return Table(f"{regime.data}, k={regime.k}, {regime}", head, rows) if rows else None


def contenders(sheet: Sheet) -> Table:
    """The settings of all contenders, and the data sets that they hold for."""
    found: dict[tuple[str, ...], list[str]] = {}
    for one in sheet.builds.values():
        values = (one.contender, one.family, one.codec or "", words.settings(one.settings))
        found.setdefault(values, []).append(one.data)
    rows = [[*map(text, values), text(", ".join(data))] for values, data in found.items()]
    return Table("Settings", ["contender", "family", "codec", "settings", "data"], rows)


def data(sheet: Sheet) -> Table:
    rows = [
        [
            text(one.data),
            Cell(f"{one.rows:,}"),
            Cell(f"{one.dim:,}"),
            text(one.metric),
            Cell(f"{one.queries:,}"),
            text("yes" if one.heldout else "no"),
            text("yes" if one.seen else "no"),
            text(one.truth or words.NONE),
        ]
        for one in sheet.data.values()
    ]
    head = ["data", "vectors", "dim", "metric", "queries", "held out", "seen", "truth"]
    return Table("Data sets", head, rows)
