"""The verdict: is INT8 good enough, and how much faster is it than FP32 and the peers?"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from vecq.bench.records import Build, Record
from vecq.bench.report import words
from vecq.bench.report.curves import Curve, Ratio, Regime, ratio, ratio_above
from vecq.bench.report.sheet import Sheet

# Shares of FP32's recall: INT8 is good from FINE on, and not good enough below ENOUGH.
FINE, ENOUGH = 0.99, 0.975


@dataclass(frozen=True)
class Rival:
    """INT8 against the best variant of another system."""

    name: str
    speed: Ratio | None
    memory: float | None


@dataclass
class Finding:
    """INT8 against FP32 on one data set, in its most important regime."""

    data: str
    regime: Regime | None = None
    kept: float | None = None  # share of FP32's recall
    kept_by: str = ""  # how it was measured
    speed: Ratio | None = None
    memory: float | None = None
    ndcg: tuple[float, float] | None = None  # of held-out items, on FP32 and on INT8
    rivals: list[Rival] = field(default_factory=list)
    losses: list[tuple[Regime, Ratio]] = field(default_factory=list)  # where INT8 is slower
    missing: list[str] = field(default_factory=list)  # why figures are missing

    @property
    def state(self) -> str:
        """ "good", "fair", "bad", or "unknown" if figures are missing."""
        if self.kept is None or self.speed is None:
            return "bad" if self.kept is not None and self.kept < ENOUGH else "unknown"
        slower = self.speed.value < 1 and not self.speed.even
        if self.kept < ENOUGH or slower:
            return "bad"
        return "good" if self.kept >= FINE and not self.speed.even else "fair"

    @property
    def badge(self) -> str:
        """The state in a few words."""
        if self.state == "unknown":
            return "No verdict"
        if self.state == "bad":
            lossy = self.kept is not None and self.kept < ENOUGH
            return "INT8 alone is not good enough" if lossy else "INT8 is slower"
        costs = "INT8 is good enough" if (self.kept or 0) >= FINE else "INT8 costs some recall"
        return (
            f"{costs}, and no faster" if self.speed and self.speed.even else f"{costs}, and faster"
        )

    @property
    def sentence(self) -> str:
        """The verdict: INT8 keeps 99.4 % of FP32's recall at 3.1x the QPS and ..."""
        if self.kept is None and self.speed is None:
            return f"No verdict on INT8 against FP32: {'; '.join(self.missing)}."
        kept = "INT8, whose recall can't be compared here, runs"
        if self.kept is not None:
            kept = f"INT8 keeps {words.percent(self.kept)} of FP32's recall"
        prices = [] if self.speed is None else [self._speed(self.speed)]
        prices += [] if self.memory is None else [f"{words.multiple(self.memory)} the memory"]
        return f"{kept}{' at ' * bool(prices)}{words.listing(prices)}.{self._warnings()}"

    @property
    def basis(self) -> str:
        """The conditions of the figures: k, recall, how queries arrived, noise."""
        parts = [] if self.regime is None else [f"k={self.regime.k}"]
        if self.kept_by:
            parts.append(f"recall kept: {self.kept_by}")
        if self.speed is not None and self.regime is not None:
            noise = f"{words.multiple(self.speed.low)} to {words.multiple(self.speed.high)}"
            noise = f", range {noise}" if self.speed.repeated else ", measured once"
            parts.append(
                f"QPS: medians at recall {words.level(self.speed.level)}, {self.regime}{noise}"
            )
        if self.memory is not None:
            parts.append("memory: bytes per vector, links included")
        if self.ndcg is not None:
            values = " on FP32, ".join(map(words.share, self.ndcg))
            parts.append(f"NDCG of held-out items: {values} on INT8")
        return "; ".join([*parts, *self.missing])

    @property
    def against(self) -> str:
        """INT8 against the best variant of each peer, in one line."""
        return "; ".join(
            f"against {rival.name} {words.multiple(rival.speed.value)} the QPS at "
            f"recall {words.level(rival.speed.level)}{' or more' * rival.speed.is_above}"
            + (f" and {words.multiple(rival.memory)} the memory" if rival.memory else "")
            for rival in self.rivals
            if rival.speed is not None
        )

    @property
    def lost(self) -> str:
        """Regimes where INT8 is slower than FP32, in one line."""
        return "; ".join(
            f"slower than FP32 at k={regime.k}, {regime}: {words.multiple(ratio.value)} the QPS at "
            f"recall {words.level(ratio.level)}"
            for regime, ratio in self.losses
        )

    @staticmethod
    def _speed(ratio: Ratio) -> str:
        if ratio.even:
            return f"about the same QPS ({words.multiple(ratio.value)})"
        return f"{words.multiple(ratio.value)} the QPS"

    def _warnings(self) -> str:
        said = ""
        if self.kept is not None and self.kept < ENOUGH:
            said += " That is not good enough: add a rerank codec, or use INT16."
        if self.speed is None:
            said += " Its speed can't be compared."
        elif self.speed.value < 1 and not self.speed.even:
            said += " It is slower than FP32."
        return said


def verdict(records: Sequence[Record]) -> str:
    """Return the verdict on every data set, and the conditions of its figures.

    >>> print(verdict(vecq.bench.records.read("run.jsonl")))
    recsys-demo: INT8 keeps 99.4 % of FP32's recall at 3.1x the QPS and 0.31x the memory.
    ...
    """
    lines = []
    for finding in findings(Sheet(records)):
        lines += [f"{finding.data}: {finding.sentence}", f"  {finding.basis}", ""]
        for line in filter(None, (finding.lost, finding.against)):
            lines.insert(-1, f"  {line}")
    return "\n".join(lines).rstrip()


def findings(sheet: Sheet) -> list[Finding]:
    return [_finding(sheet, data) for data in sheet.data_names]


def _finding(sheet: Sheet, data: str) -> Finding:
    finding = Finding(data)
    int8, fp32 = sheet.ours(data, "int8"), sheet.ours(data, "fp32")
    for name, build in (("INT8", int8), ("FP32", fp32)):
        if build is None:
            finding.missing.append(f"vecq {name} was not measured")
        elif build.error:
            finding.missing.append(f"{build.contender} failed: {build.error}")
    if int8 is None or fp32 is None or int8.error or fp32.error:
        return finding
    finding.memory = _memory(int8, fp32)
    # The most important regime with comparable speeds, or else the most important one.
    regimes = sheet.by_weight(data)
    found = [(regime, speed(sheet, regime, int8, fp32.contender)) for regime in regimes]
    ratios = [(regime, ratio) for regime, ratio in found if ratio is not None]
    finding.regime = next((regime for regime, _ in ratios), next(iter(regimes), None))
    finding.losses = [(r, one) for r, one in ratios if one.value < 1 and not one.even]
    if finding.regime is None:
        finding.missing.append("no speed was measured")
    else:
        finding.kept, finding.kept_by = kept(sheet, finding.regime, int8, fp32)
        finding.ndcg = _ndcg(sheet, finding.regime)
        finding.speed = speed(sheet, finding.regime, int8, fp32.contender)
        finding.rivals = [_rival(sheet, finding.regime, int8, name) for name in sheet.peers(data)]
        finding.missing += _gaps(sheet, finding, int8, fp32)
    return finding


def speed(sheet: Sheet, regime: Regime, ours: Build, other: str) -> Ratio | None:
    """Return our QPS over that of a contender or system at equal recall, or None."""
    curve, its = (sheet.curves.get((regime, name)) for name in (ours.contender, other))
    return ratio(curve, its) if curve and its else None


def speed_over(sheet: Sheet, regime: Regime, ours: Build, other: str) -> Ratio | None:
    """Return `speed`, or that above the recall of a system that never reaches ours."""
    curve, its = (sheet.curves.get((regime, name)) for name in (ours.contender, other))
    return (ratio(curve, its) or ratio_above(curve, its)) if curve and its else None


def _rival(sheet: Sheet, regime: Regime, int8: Build, system: str) -> Rival:
    """Compare with the variant of a system that is the fastest at the recall of the comparison."""
    found, curve = speed_over(sheet, regime, int8, system), sheet.curves.get((regime, system))
    best = None
    if curve is not None:
        level = found.level if found is not None else curve.best
        best = curve.reaching(level)
    name = system if best is None else best.contender
    build = sheet.builds.get((regime.data, name))
    return Rival(name, found, None if build is None else _memory(int8, build))


def kept(sheet: Sheet, regime: Regime, int8: Build, fp32: Build) -> tuple[float | None, str]:
    """Return the share of FP32's recall that INT8 keeps, and how it was measured."""
    for one in sheet.accuracy:
        if (one.data, one.k, one.metric) == (regime.data, regime.k, "recall") and one.fp32 > 0:
            return one.int8 / one.fp32, "exact search on the codes"
    ours, floats = (_recalls(sheet, regime, one) for one in (int8, fp32))
    shared = [setting for setting in ours if floats.get(setting)]
    if not shared:
        return None, ""
    return ours[shared[-1]] / floats[shared[-1]], f"both with {shared[-1]}"


def _recalls(sheet: Sheet, regime: Regime, build: Build) -> dict[str, float]:
    """Return recall by setting, ascending."""
    curve = sheet.curves.get((regime, build.contender))
    return {words.settings(p.setting): p.recall or 0.0 for p in curve.points} if curve else {}


def _ndcg(sheet: Sheet, regime: Regime) -> tuple[float, float] | None:
    for one in sheet.accuracy:
        if (one.data, one.k, one.metric) == (regime.data, regime.k, "ndcg") and one.fp32 > 0:
            return one.fp32, one.int8
    return None


def lightness(sheet: Sheet, ours: Build, system: str) -> float | None:
    """Return our bytes per vector over those of the lightest variant of a system."""
    builds = [one for one in sheet.builds.values() if one.data == ours.data]
    ratios = [_memory(ours, one) for one in builds if system in (one.contender, one.group)]
    return max(filter(None, ratios), default=None)


def _memory(ours: Build, other: Build) -> float | None:
    if not ours.bytes_per_vector or not other.bytes_per_vector:
        return None
    return ours.bytes_per_vector / other.bytes_per_vector


def _gaps(sheet: Sheet, finding: Finding, int8: Build, fp32: Build) -> list[str]:
    """Return reasons why recall or speed can't be compared."""
    gaps = [] if finding.kept is not None else ["recall was measured with no common setting"]
    if finding.speed is not None:
        return gaps
    regime = finding.regime
    curves = [
        (one, None if regime is None else sheet.curves.get((regime, one.contender)))
        for one in (int8, fp32)
    ]
    without = [build.contender for build, curve in curves if curve is None]
    if without:
        return [*gaps, f"no point without faults of {words.listing(without)}"]
    ranges = [f"{build.contender} {_range(curve)}" for build, curve in curves if curve]
    return [*gaps, f"they share no measured recall ({', '.join(ranges)})"]


def _range(curve: Curve) -> str:
    return f"{curve.front[0].recall:.4f} to {curve.best:.4f}"
