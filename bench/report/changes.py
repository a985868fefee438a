"""Compare two runs: regressions, improvements, and differences within the noise."""

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
    median,
    slowest,
)
from vecq.bench.report.sheet import Sheet

# Recall is not repeated. Builds by several threads differ by up to RECALL_BAND, and the sampling
# error of the queries adds DEVIATIONS standard deviations.
RECALL_BAND, DEVIATIONS = 0.002, 2
# Counted bytes have no noise, but buffers grow in steps.
BYTES_BAND = 0.01


@dataclass(frozen=True)
class Change:
    """A figure in both runs; `gain` is relative to the old one, above 0 is better."""

    data: str
    contender: str
    what: str
    old: str
    new: str
    gain: float
    band: float | None  # noise, relative as `gain`; None: unknown

    @property
    def state(self) -> str:
        if self.band is None:
            return "not repeated"
        if abs(self.gain) <= self.band:
            return "within noise"
        return "better" if self.gain > 0 else "regression"


@dataclass(frozen=True)
class Comparison:
    """The figures of both runs, and notes on those of only one."""

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
            f"{one.state:<11} {one.data}, {one.contender}, {one.what}: {one.old} -> {one.new} "
            f"({100 * one.gain:+.1f} %, noise {100 * (one.band or 0):.1f} %)"
            for one in sorted(told, key=lambda one: one.gain)
        ]
        return "\n".join([", ".join([title, *rest]), *lines, *self.notes])


def compare(old: Sequence[Record], new: Sequence[Record]) -> Comparison:
    """Compare a run with an earlier one at equal recall.

    The noise of a speed is the sum of both runs' spreads, at least 5 %. Builds are not repeated:
    their noise is the widest of these. A change within the noise is no regression.

    Args:
        old: The records of the earlier run.
        new: The records of the later run.

    Returns:
        All changes, and notes on what can't be compared.

    >>> compare(records, records).regressions
    []
    """
    before, now = Sheet(old), Sheet(new)
    changes = [*_faults(before, now), *_speeds(before, now), *_builds(before, now)]
    return Comparison(changes, list(_notes(before, now)))


def _faults(before: Sheet, now: Sheet) -> Iterator[Change]:
    """Contenders that had no faults in the old run, and have some in the new one."""
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
    then, today = (curve.at(level) or 0.0 for curve in (old, new))
    known = old.repeated and new.repeated
    # Repetitions of one run lie closer together than two runs do.
    noise = max(ASSUMED_NOISE, _spread(old, level) + _spread(new, level))
    return Change(
        new.regime.data,
        new.contender,
        f"median QPS at recall {words.level(level)}, {where}",
        words.whole(then),
        words.whole(today),
        gain=today / then - 1,
        band=noise if known else None,
    )


def _recall(old: Curve, new: Curve, where: str, answers: int) -> Iterator[Change]:
    """Recall with the most thorough setting that both runs have."""
    before = {words.settings(point.setting): point.recall or 0.0 for point in old.points}
    shared = [p for p in new.points if words.settings(p.setting) in before and p.recall]
    if shared:
        setting = words.settings(shared[-1].setting)
        then, today = before[setting], shared[-1].recall or 0.0
        what, texts = f"recall with {setting}, {where}", (words.share(then), words.share(today))
        deviation = math.sqrt(then * (1 - then) / answers) if answers else 0.0
        band = RECALL_BAND + DEVIATIONS * deviation
        yield Change(new.regime.data, new.contender, what, *texts, today - then, band)


def _answers(before: Sheet, now: Sheet, regime: Regime) -> int:
    """Return the number of results that recall is a share of; 0 if unknown."""
    described = [sheet.data.get(regime.data) for sheet in (before, now)]
    return regime.k * min(one.queries if one else 0 for one in described)


def _spread(curve: Curve, level: float) -> float:
    """Return the range of repetitions at a recall, as a share of the median."""
    middle, high, low = (curve.at(level, one) for one in (median, fastest, slowest))
    return (high - low) / middle if middle and high and low else 0.0


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
    """Return twice the widest spread of all points, which stands for the noise of builds."""
    spreads = [
        point.spread
        for sheet in sheets
        for curve in sheet.curves.values()
        for point in curve.points
        if len(point.qps) > 1
    ]
    return 2 * max(spreads) if spreads else None


def _notes(before: Sheet, now: Sheet) -> Iterator[str]:
    """Notes on differences of the machines, and on figures of only one run."""
    for name in ("cpu", "isa", "cores"):
        then, today = (sheet.run.machine.get(name) for sheet in (before, now))
        if then != today:
            yield f"different machine: {name} was {then}, now {today}"
    for which, here, other in (("old", before, now), ("new", now, before)):
        sets = [data for data in here.data_names if data not in other.data_names]
        alone = [
            f"{name} on {data}"
            for data, name in here.entries
            if data not in sets and (data, name) not in other.entries
        ]
        if sets or alone:
            yield f"only in the {which} run: {', '.join([*sets, *alone])}"
