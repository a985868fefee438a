"""Where settings are tried: measures them, gives up what is hopeless, and keeps the best."""

from collections.abc import Callable
from dataclasses import replace

from vecq.core.ranking import Values
from vecq.quantization.codec import Codec
from vecq.tuning.built import Built
from vecq.tuning.criteria import Criterion
from vecq.tuning.ladder import climb
from vecq.tuning.limits import Clock, LimitError, Limits
from vecq.tuning.objective import Objective, better, gain
from vecq.tuning.problem import Problem
from vecq.tuning.screening import Screening, bytes_of
from vecq.tuning.shelf import Shelf
from vecq.tuning.space import Build, Search, Space
from vecq.tuning.stopwatch import speeds, work
from vecq.tuning.telling import Telling
from vecq.tuning.trial import Trial

# Estimates of memory may be off by so much.
ROUGHLY = 1.05
# Bytes of an item that are no codes: its id, links above layer 0, and what tells their number.
BESIDE = 24


class Workbench:
    """Trials, one after the other.

    A graph is built once for all searches that share it, and for all codes that can. Trials end
    early: by what codes alone lose, by what an index would weigh, and, while they are timed, by
    being far behind the best.
    """

    def __init__(
        self,
        problem: Problem,
        space: Space,
        limits: Limits,
        objective: Objective,
        clock: Clock,
        telling: Telling,
    ) -> None:
        self.problem, self.space, self.objective, self.clock = problem, space, objective, clock
        self.limits, self.telling = limits, telling
        self.screening = Screening(problem, space, clock)
        self.shelf = Shelf(problem, space, clock, timed=objective == "build")
        self.ladder = space.ladder(problem.k, len(problem.rows))
        self.trials: list[Trial] = []
        self.best: Trial | None = None
        self._tried: dict[object, Trial] = {}

    @property
    def met(self) -> bool:
        """Whether anything meets the criterion so far."""
        return self.best is not None and self.best.state == "met"

    @property
    def measured(self) -> int:
        """Trials that were measured, and count for the limit."""
        return sum(trial.measured for trial in self.trials)

    @property
    def attempted(self) -> int:
        """Different ways of searching that were tried."""
        return len(self._tried)

    @property
    def counted(self) -> bool:
        """Whether no clock may say what is tried: where trials are limited, a seed repeats them."""
        return self.limits.trials is not None

    def gain(self, trial: Trial) -> float:
        """How much there is of what is wanted, for strategies to steer by."""
        return gain(trial, self.objective, self.counted)

    @property
    def leader(self) -> Trial | None:
        """What meets the criterion at the greatest gain, if anything does."""
        met = [trial for trial in self.trials if trial.state == "met"]
        return max(met, key=self.gain, default=None) if self.counted or not met else self.best

    def attempt(self, build: Build, rerank: float, query_bits: int, scan: bool = False) -> Trial:
        """Tries a way of searching, with the least effort that is accurate enough."""
        name = build.key(wide=rerank > 0), rerank, query_bits, scan
        if name not in self._tried:
            hopeless = self._hopeless(build, rerank, query_bits)
            self._tried[name] = hopeless or self._least(build, rerank, query_bits, scan)
        return self._tried[name]

    def measure(self, build: Build, search: Search) -> Trial:
        """Tries one search of one build, whatever it promises."""
        self._check_trials()
        built, judge = self.shelf.get(build), self.problem.tuning
        values = built.values(search)
        weight = built.bytes(search.rerank)
        state = "heavy" if self._heavy(weight) else "met" if judge.met(values) else "short"
        qps, ratio = self.race(built, search)
        trial = Trial(
            *(build, search, state, judge.value(values), qps, weight, built.seconds),
            lines=built.lines(search),
            error=judge.error(values),
        )
        if better(trial, self.best, self.objective, ratio):
            self.best = trial
            self.shelf.keep(built)
        return self._told(trial)

    def may_meet(self, build: Build, search: Search) -> bool:
        """Whether a search is accurate enough, whatever it weighs; it is not timed."""
        self._check_trials()
        return self.problem.tuning.met(self.shelf.get(build).values(search))

    def heavy(self, build: Build, search: Search) -> Trial | None:
        """The trial of what would weigh too much, even by a rough estimate; None of all else."""
        wide = build.wide if search.rerank else None
        if not self.too_heavy(build.codec, wide, build.graph.m):
            return None
        return self._unbuilt(build, search, "heavy")

    def race(self, built: Built, search: Search) -> tuple[float, float]:
        """Queries per second, and how many times those of the best so far that is.

        The best keeps the speed that it was found at, and others are given theirs by it: what the
        machine did between two trials tells nothing of them.
        """
        works = [work(built, search, self.objective)]
        if self.best is not None:
            best = self.shelf.get(self.best.build)
            works.insert(0, work(best, self.best.search, self.objective))
        found = speeds(works, len(self.problem.tuning.queries), self.clock)
        ratio = found[-1] / found[0]
        return (found[0] if self.best is None else ratio * self.best.qps), ratio

    def searched(self, trial: Trial, search: Search, values: Values | None = None) -> Trial:
        """A trial with another search, timed in turns with the best.

        Args:
            values: what the tuning queries get by it, if that is not what they get of its graph.
        """
        built, judge = self.shelf.get(trial.build), self.problem.tuning
        found = built.values(search) if values is None else values
        return replace(
            trial,
            search=search,
            accuracy=judge.value(found),
            error=judge.error(found),
            qps=trial.qps if search == trial.search else self.race(built, search)[0],
            lines=built.lines(search),
        )

    def least_effort(
        self, built: Built, search: Search, criterion: Criterion | None = None
    ) -> Search | None:
        """The search with the smallest `ef` that meets a criterion, if any does."""

        def enough(ef: int) -> bool:
            self.clock.check()
            return self.problem.tuning.met(built.values(replace(search, ef=ef)), criterion)

        found = climb(self.ladder, enough)
        return None if found is None else replace(search, ef=found)

    def bytes(self, codec: Codec, wide: str | None, m: int) -> float:
        """About what an index of all rows weighs."""
        sample = self.problem.sample(64)
        own = bytes_of(codec, sample) + (bytes_of(Codec.of(wide), sample) if wide else 0)
        return self.problem.total * (own + 8 * m + BESIDE)

    def too_heavy(self, codec: Codec, wide: str | None, m: int | None = None) -> bool:
        """Whether an index would weigh too much, even by a rough estimate."""
        if self.limits.bytes is None:
            return False
        weight = self.bytes(codec, wide, min(self.space.m) if m is None else m)
        return self._heavy(weight / ROUGHLY)

    def _heavy(self, weight: float) -> bool:
        return self.limits.bytes is not None and weight > self.limits.bytes

    def _hopeless(self, build: Build, rerank: float, query_bits: int) -> Trial | None:
        """The trial of what is not worth a graph; None if it is."""
        search = Search(self.ladder[-1], rerank, query_bits)
        store = self.screening.store(build.codec)
        if not self.screening.feasible(store, rerank, query_bits):
            return self._unbuilt(build, search, "pruned")
        return self.heavy(build, search)

    def _unbuilt(self, build: Build, search: Search, state: str) -> Trial:
        """A trial by what is known of codes."""
        store = self.screening.store(build.codec)
        most = self.screening.value(store, search.rerank, search.query_bits)
        wide = build.wide if search.rerank else None
        weight = round(self.bytes(build.codec, wide, build.graph.m))
        return self._told(Trial(build, search, state, most, bytes=weight))

    def _told(self, trial: Trial) -> Trial:
        self.trials.append(trial)
        self.telling.trial()
        return trial

    def _least(self, build: Build, rerank: float, query_bits: int, scan: bool) -> Trial:
        self._check_trials()
        if scan:
            return self.measure(build, Search(None, rerank, query_bits))
        # What falls short is shown with the most that a walk gets.
        most = Search(self.ladder[-1], rerank, query_bits)
        return self.measure(build, self.least_effort(self.shelf.get(build), most) or most)

    def _check_trials(self) -> None:
        self.clock.check()
        if self.limits.trials is not None and self.measured >= self.limits.trials:
            raise LimitError("trials")


Strategy = Callable[[Workbench], None]
