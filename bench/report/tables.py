"""The tables of a report: what stands in which cell."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from vecq.bench.records import Accuracy, IsaSpeed, Point
from vecq.bench.report import words
from vecq.bench.report.charts import operating_point
from vecq.bench.report.curves import LEVELS, Curve, Ratio, Regime
from vecq.bench.report.sheet import Sheet
from vecq.bench.report.verdict import Finding, kept, speed

METRICS = {
    "recall": "recall",
    "hit_rate": "hit rate, held out",
    "heldout_recall": "recall, held out",
    "ndcg": "NDCG, held out",
}
BUSINESS = {"hit_rate": "hit rate", "recall": "recall", "ndcg": "NDCG"}
# Recalls that are shown, unless none of them is reached.
NOTABLE = 0.8
QUANTILES = {"p50": "p50", "p95": "p95", "p99": "p99", "p999": "p99.9"}


@dataclass(frozen=True)
class Cell:
    """Text, and what it is: "text", "number"; with "best", "good", "bad", "faint" beside."""

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
        """Which columns hold text, and are aligned as such."""
        return [all("text" in row[i].kind for row in self.rows) for i in range(len(self.head))]


def text(value: object) -> Cell:
    return Cell(str(value), "text")


def name(sheet: Sheet, data: str, contestant: str) -> Cell:
    """A contestant's name, in red if something is wrong with it."""
    bad = (data, contestant) in sheet.faults
    return Cell(f"{contestant} (see faults)", "text bad") if bad else text(contestant)


def rivals(finding: Finding) -> Table:
    """INT8 against what others offer, on one data set."""
    rows = [[text(one.name), _ratio(one.speed), _lighter(one.memory)] for one in finding.rivals]
    head = ["against", "QPS at recall", "bytes per vector"]
    return Table("vecq INT8 against the peers", head, rows)


def _lighter(ratio: float | None) -> Cell:
    if ratio is None:
        return Cell(words.NONE, "faint")
    return Cell(words.multiple(ratio), "good" if ratio < 1 else "bad")


def overview(sheet: Sheet) -> Table:
    """INT8 over FP32 on every data set, for every k and regime."""
    regimes = list(dict.fromkeys(regime.name for regime in sheet.regimes))
    rows = []
    for data in sheet.data_names:
        int8, fp32 = sheet.ours(data, "int8"), sheet.ours(data, "fp32")
        if int8 is None or fp32 is None:
            continue
        for k in sheet.ks(data):
            found = {r.name: r for r in sheet.regimes if (r.data, r.k) == (data, k)}
            share = kept(sheet, next(iter(found.values())), int8, fp32)[0]
            ratios = [found.get(one) and speed(sheet, found[one], int8, fp32) for one in regimes]
            rows.append(
                [text(data), Cell(f"{k:,}"), Cell(words.percent(share, 2)), *map(_ratio, ratios)]
            )
    return Table(
        "INT8 against FP32 wherever both were measured",
        ["data", "k", "recall kept", *(f"QPS, {one}" for one in regimes)],
        rows,
        ["QPS as a multiple of FP32's at the recall behind the @, between measured points."],
    )


def _ratio(ratio: Ratio | None) -> Cell:
    if ratio is None:
        return Cell("not comparable", "faint")
    kind = "faint" if ratio.even else "good" if ratio.value > 1 else "bad"
    within = ", about even" if ratio.even else ""
    return Cell(f"{words.multiple(ratio.value)} @{words.level(ratio.level)}{within}", kind)


def at_recall(sheet: Sheet, regime: Regime) -> Table:
    """QPS of every contestant at the usual recalls."""
    curves = sheet.of(regime)
    levels = [one for one in sorted(LEVELS) if any(c.at(one) is not None for c in curves)]
    levels = [one for one in levels if one >= NOTABLE] or levels
    if not levels:  # all begin beyond the usual ones: what is sure to be found will do
        least = min((curve.best for curve in curves), default=0.0)
        levels = [one for one in sorted(LEVELS) if one <= least][-1:]
    values = [[_speed_at(curve, level) for level in levels] for curve in curves]
    best = [max((row[i][0] for row in values), default=0) for i in range(len(levels))]
    rows = [
        [
            name(sheet, regime.data, curve.contestant),
            *(
                Cell(shown, "best" if value and value == top else "number" if value else "faint")
                for (value, shown), top in zip(row, best, strict=True)
            ),
            Cell(words.share(curve.best)),
            Cell(words.percent(curve.spread) if curve.repeated else "once", "faint"),
        ]
        for curve, row in zip(curves, values, strict=True)
    ]
    starred = any("*" in cell.text for row in rows for cell in row)
    note = "* found by the smallest setting that was measured, which finds more."
    return Table(
        f"QPS at equal recall@{regime.k}: {regime}",
        ["contestant", *(words.level(one) for one in levels), "best recall", "spread"],
        rows,
        [note] if starred else [],
    )


def _speed_at(curve: Curve, level: float) -> tuple[float, str]:
    value = curve.at(level)
    if value is not None:
        return value, words.whole(value)
    point = curve.reaching(level)
    return (point.speed, f"{words.whole(point.speed)}*") if point else (0.0, words.NONE)


def accuracy(found: Sequence[Accuracy]) -> Table:
    """What codes alone cost, no graph involved."""
    rows = [
        [
            text(one.data),
            text(METRICS.get(one.metric, one.metric)),
            Cell(f"{one.k:,}"),
            *(Cell(words.share(value)) for value in (one.fp32, one.int8, one.int16)),
            *(_difference(value, one.fp32) for value in (one.int8, one.int16)),
        ]
        for one in found
    ]
    head = ["data", "metric", "k", "FP32", "INT8", "INT16", "INT8 difference", "INT16 difference"]
    return Table("Accuracy: exact search on the codes, no graph", head, rows)


def _difference(value: float, base: float) -> Cell:
    lost = base > 0 and value < 0.975 * base
    return Cell(words.signed(f"{value - base:+.4f}"), "bad" if lost else "number")


def isas(found: Sequence[IsaSpeed]) -> list[Table]:
    """FP32 and INT8 on every instruction set, a table for each data set, k and ef."""
    groups = dict.fromkeys((one.data, one.k, one.ef) for one in found)
    return [_isas(*g, [one for one in found if (one.data, one.k, one.ef) == g]) for g in groups]


def _isas(data: str, k: int, ef: int, found: Sequence[IsaSpeed]) -> Table:
    rows = []
    for isa in dict.fromkeys(one.isa for one in found):
        by_codec = {one.codec: one for one in found if one.isa == isa}
        fp32, int8 = by_codec.get("fp32"), by_codec.get("int8")
        ratio = int8.speed / fp32.speed if fp32 and int8 and fp32.speed else None
        # Sums of floats differ in their last bits, by the order that an instruction set adds in.
        same = int8 is None or int8.same_as_first
        rows.append(
            [
                text(isa),
                *(Cell(words.whole(one and one.speed)) for one in (fp32, int8)),
                Cell(words.multiple(ratio), "good" if ratio and ratio > 1 else "number"),
                *(Cell(words.share(one and one.recall)) for one in (fp32, int8)),
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
            name(sheet, regime.data, point.contestant),
            text(words.settings(point.setting)),
            Cell(words.share(point.recall)),
            *(Cell(words.seconds(point.latency.get(q))) for q in QUANTILES),
        ]
        for point in points
    ]
    head = ["contestant", "setting", "recall", *QUANTILES.values()]
    return Table(f"Time per query: k={regime.k}, {regime}", head, rows) if rows else None


def builds(sheet: Sheet, data: str) -> Table:
    rows = [
        [
            name(sheet, data, one.contestant),
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
    head = ["contestant", "build", "threads", "bytes per vector", "counted"]
    head += ["resident", "found by", "file"]
    return Table(f"{data}: build and memory", head, rows)


def business(sheet: Sheet, regime: Regime) -> Table | None:
    """What users would see: items that they chose later, seen ones left out."""
    points = [point for point in _points(sheet, regime) if point.business]
    rows = [
        [
            name(sheet, regime.data, point.contestant),
            text(words.settings(point.setting)),
            *(Cell(words.share(point.business.get(one))) for one in BUSINESS),
        ]
        for point in points
    ]
    head = ["contestant", "setting", *BUSINESS.values()]
    caption = f"{regime.data}: held-out items among the best {regime.k}"
    return Table(caption, head, rows) if rows else None


def limit(sheet: Sheet, regime: Regime) -> Table | None:
    points = [p for p in _points(sheet, regime) if p.distances is not None]
    rows = [
        [
            name(sheet, regime.data, point.contestant),
            text(words.settings(point.setting)),
            Cell(words.share(point.recall)),
            Cell(words.whole(point.hops)),
            Cell(words.whole(point.distances)),
            Cell(words.percent(point.limit_share, 0)),
        ]
        for point in points
    ]
    head = ["contestant", "setting", "recall", "hops", "distances", "share of the limit"]
    return Table(f"{regime.data}, k={regime.k}, {regime}", head, rows) if rows else None


def contestants(sheet: Sheet) -> Table:
    """How everybody was set up: the same for all data sets, unless they are named."""
    found: dict[tuple[str, ...], list[str]] = {}
    for one in sheet.builds.values():
        values = (one.contestant, one.family, one.codec or "", words.settings(one.settings))
        found.setdefault(values, []).append(one.data)
    rows = [[*map(text, values), text(", ".join(data))] for values, data in found.items()]
    return Table("Settings", ["contestant", "family", "codec", "settings", "data"], rows)


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
