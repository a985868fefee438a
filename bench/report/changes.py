"""Two runs against each other: what became worse, and what is only noise."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vecq.bench.records import GROWTH, Build, Record
from vecq.bench.report import words
from vecq.bench.report.curves import (
    ASSUMED_NOISE,
    Curve,
    Regime,
    common_level,
    fastest,
    slowest,
)
from vecq.bench.report.sheet import Sheet

# Recall has no repetitions: what links of several threads, in another order each time, may change,
# and how many deviations more may come of there being so few queries.
RECALL_BAND, DEVIATIONS = 0.002, 2
# Bytes that were counted do not vary by chance, but buffers grow in steps.
BYTES_BAND = 0.01


@dataclass(frozen=True)
class Change:
    """A figure then and now; `gain` above 0 is better, and as a share of the old one."""

    data: str
    contestant: str
    what: str
    old: str
    new: str
    gain: float
    band: float | None  # how far noise goes, in the same measure; None if nothing tells

    @property
    def state(self) -> str:
        if self.band is None:
            return "not repeated"
        if abs(self.gain) <= self.band:
            return "within noise"
        return "better" if self.gain > 0 else "regression"


@dataclass(frozen=True)
class Comparison:
    """All that both runs measured, and what only one of them did."""

    changes: Sequence[Change]
    notes: Sequence[str]

    @property
    def regressions(self) -> list[Change]:
        return [change for change in self.changes if change.state == "regression"]

    def __str__(self) -> str:
        count = len(self.regressions)
        title = f"{count or 'no'} regression{'s' * (count != 1)} in {len(self.changes)} figures"
        states = Counter(one.state for one in self.changes)
        rest = [f"{states[s]} {s}" for s in ("better", "within noise", "not repeated") if states[s]]
        told = [one for one in self.changes if one.state in ("regression", "better")]
        lines = [
            f"{one.state:<11} {one.data}, {one.contestant}, {one.what}: {one.old} -> {one.new} "
            f"({100 * one.gain:+.1f} %, noise {100 * (one.band or 0):.1f} %)"
            for one in sorted(told, key=lambda one: one.gain)
        ]
        return "\n".join([", ".join([title, *rest]), *lines, *self.notes])


def compare(old: Sequence[Record], new: Sequence[Record]) -> Comparison:
    """Holds a run against an earlier one: at equal recall, and with the noise of both.

    Noise is how far the repetitions of the two runs lie apart, together, and 5 % at least; the time
    of a build, which is not repeated, is allowed the widest of them. A change within it is no
    regression.

    >>> compare(records, records).regressions
    []
    """
    before, now = Sheet(old), Sheet(new)
    changes = [*_faults(before, now), *_speeds(before, now), *_builds(before, now)]
    return Comparison(changes, list(_notes(before, now)))


def _faults(before: Sheet, now: Sheet) -> Iterator[Change]:
    """Contestants that were sound and are not any more."""
    for (data, name), faults in now.faults.items():
        if (data, name) in before.entries and (data, name) not in before.faults:
            yield Change(data, name, "answers", "sound", "; ".join(faults), -1, 0)


def _speeds(before: Sheet, now: Sheet) -> Iterator[Change]:
    for key, new in now.curves.items():
        old = before.curves.get(key)
        if old is None:
            continue
        where = f"k={new.regime.k}, {new.regime}"
        level = common_level([old, new])
        if level is not None:
            yield _speed(old, new, level, where)
        yield from _recall(old, new, where, _answers(before, now, new.regime))


def _speed(old: Curve, new: Curve, level: float, where: str) -> Change:
    then, today = (curve.at(level, fastest) or 0.0 for curve in (old, new))
    known = old.repeated and new.repeated
    # A few repetitions lie closer together than two runs do.
    noise = max(ASSUMED_NOISE, _spread(old, level) + _spread(new, level))
    return Change(
        new.regime.data,
        new.contestant,
        f"QPS at recall {words.level(level)}, {where}",
        words.whole(then),
        words.whole(today),
        gain=today / then - 1,
        band=noise if known else None,
    )


def _recall(old: Curve, new: Curve, where: str, answers: int) -> Iterator[Change]:
    """Recall with the most careful setting that both runs have."""
    before = {words.settings(point.setting): point.recall or 0.0 for point in old.points}
    shared = [p for p in new.points if words.settings(p.setting) in before and p.recall]
    if shared:
        setting = words.settings(shared[-1].setting)
        then, today = before[setting], shared[-1].recall or 0.0
        what, texts = f"recall with {setting}, {where}", (words.share(then), words.share(today))
        deviation = math.sqrt(then * (1 - then) / answers) if answers else 0.0
        band = RECALL_BAND + DEVIATIONS * deviation
        yield Change(new.regime.data, new.contestant, what, *texts, today - then, band)


def _answers(before: Sheet, now: Sheet, regime: Regime) -> int:
    """How many answers a recall is the share of; 0 if a run does not tell."""
    described = [sheet.data.get(regime.data) for sheet in (before, now)]
    return regime.k * min(one.queries if one else 0 for one in described)


def _spread(curve: Curve, level: float) -> float:
    """How far the repetitions lie apart at a recall, as a share of the best."""
    best, worst = curve.at(level, fastest), curve.at(level, slowest)
    return 1 - worst / best if best and worst else 0.0


def _builds(before: Sheet, now: Sheet) -> Iterator[Change]:
    noise = _widest(before, now)
    for (data, name), new in now.builds.items():
        old = before.builds.get((data, name))
        if old is None:
            continue
        if old.seconds and new.seconds and old.threads == new.threads:
            gain = old.seconds / new.seconds - 1
            texts = words.seconds(old.seconds), words.seconds(new.seconds)
            yield Change(data, name, "build", *texts, gain, noise)
        yield from _bytes(data, name, old, new)


def _bytes(data: str, name: str, old: Build, new: Build) -> Iterator[Change]:
    if old.bytes_per_vector and new.bytes_per_vector:
        gain = old.bytes_per_vector / new.bytes_per_vector - 1
        texts = words.whole(old.bytes_per_vector), words.whole(new.bytes_per_vector)
        counted = GROWTH not in (old.bytes_are, new.bytes_are)
        band = BYTES_BAND if counted else None
        yield Change(data, name, "bytes per vector", *texts, gain, band)


def _widest(*sheets: Sheet) -> float | None:
    """The widest noise among all points, of which builds are allowed no less."""
    spreads = [
        point.spread
        for sheet in sheets
        for curve in sheet.curves.values()
        for point in curve.points
        if len(point.qps) > 1
    ]
    return 2 * max(spreads) if spreads else None


def _notes(before: Sheet, now: Sheet) -> Iterator[str]:
    """What makes the runs different, or can't be compared."""
    for name in ("cpu", "isa", "cores"):
        then, today = (sheet.run.machine.get(name) for sheet in (before, now))
        if then != today:
            yield f"another machine: {name} was {then}, and is {today}"
    for which, here, other in (("old", before, now), ("new", now, before)):
        sets = [data for data in here.data_names if data not in other.data_names]
        alone = [
            f"{name} on {data}"
            for data, name in here.entries
            if data not in sets and (data, name) not in other.entries
        ]
        if sets or alone:
            yield f"only in the {which} run: {', '.join([*sets, *alone])}"
