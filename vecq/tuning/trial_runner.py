"""Runs the trials of tuning: builds, searches and times settings, and keeps the best."""

from collections.abc import Callable
from dataclasses import replace

from vecq.core.ranking import Values
from vecq.quantization.codec import Codec
from vecq.tuning.bisection import first_sufficient
from vecq.tuning.criteria import Criterion
from vecq.tuning.index_cache import IndexCache
from vecq.tuning.limits import Clock, LimitError, Limits
from vecq.tuning.objective import Objective, better, gain
from vecq.tuning.problem import Problem
from vecq.tuning.screening import Screening, bytes_of
from vecq.tuning.space import Build, Search, Space
from vecq.tuning.timing import queries_per_second, workload
from vecq.tuning.trial import Trial
from vecq.tuning.trial_index import TrialIndex
from vecq.tuning.trial_progress import TrialProgress

SIZE_TOLERANCE = 1.05  # factor by which estimated sizes may be wrong
ROW_OVERHEAD_BYTES = 24  # of an item besides codes and links of layer 0: id, upper links, counts


class TrialRunner:
    """Runs trials one after the other.

    A graph is built once for all searches and codecs that can share it. A trial ends early if its
    codes alone lose too much, if its index would be too large, or if it is far slower than the
    best.

    Args:
        problem: Rows, queries and criterion.
        space: Settings to choose from.
        limits: Limits of memory and trials.
        objective: What to optimize.
        clock: Ends a trial when time is up.
        progress: Is told of each trial.
    """

    def __init__(
        self,
        problem: Problem,
        space: Space,
        limits: Limits,
        objective: Objective,
        clock: Clock,
        progress: TrialProgress,
    ) -> None:
        self.problem, self.space, self.objective, self.clock = problem, space, objective, clock
        self.limits, self.progress = limits, progress
        self.screening = Screening(problem, space, clock)
        self.cache = IndexCache(problem, space, clock, timed=objective == "build")
        self.ladder = space.ladder(problem.k, len(problem.rows))
        self.trials: list[Trial] = []
        self.best: Trial | None = None
        self._tried: dict[object, Trial] = {}

    @property
    def met(self) -> bool:
        """Whether the best trial meets the criterion."""
        return self.best is not None and self.best.state == "met"

    @property
    def measured(self) -> int:
        """Number of trials that were measured, which the limit of trials counts."""
        return sum(trial.measured for trial in self.trials)

    @property
    def attempted(self) -> int:
        """Number of different settings that were attempted."""
        return len(self._tried)

    @property
    def is_reproducible(self) -> bool:
        """Whether counts replace times in all decisions, so that a seed repeats the trials."""
        return self.limits.trials is not None

    def gain(self, trial: Trial) -> float:
        """Return the value that strategies maximize; see `objective.gain`."""
        return gain(trial, self.objective, self.is_reproducible)

    @property
    def leader(self) -> Trial | None:
        """The trial with the greatest gain of those that meet the criterion."""
        met = [trial for trial in self.trials if trial.state == "met"]
        return (
            max(met, key=self.gain, default=None) if self.is_reproducible or not met else self.best
        )

    def attempt(self, build: Build, rerank: float, query_bits: int, scan: bool = False) -> Trial:
        """Try settings with the smallest sufficient `ef`, or a scan.

        Settings that were attempted before return the same trial.
        """
        key = build.key(rerank_codec=rerank > 0), rerank, query_bits, scan
        if key not in self._tried:
            rejected = self._rejected(build, rerank, query_bits)
            self._tried[key] = rejected or self._smallest(build, rerank, query_bits, scan)
        return self._tried[key]

    def measure(self, build: Build, search: Search) -> Trial:
        """Measure one search of one build."""
        self._check_trials()
        index, judge = self.cache.get(build), self.problem.tuning
        values = index.values(search)
        size_bytes = index.full_size_bytes(search.rerank)
        state = "met" if judge.met(values) else "missed"
        if self._exceeds_memory(size_bytes):
            state = "too_large"
        qps, ratio = self.timed_against_best(index, search)
        trial = Trial(
            *(build, search, state, judge.value(values), qps, size_bytes, index.seconds),
            cache_lines=index.lines(search),
            error=judge.error(values),
        )
        if better(trial, self.best, self.objective, ratio):
            self.best = trial
            self.cache.pin(index)
        return self._record(trial)

    def may_meet(self, build: Build, search: Search) -> bool:
        """Return whether a search meets the criterion, without timing it."""
        self._check_trials()
        return self.problem.tuning.met(self.cache.get(build).values(search))

    def too_large(self, build: Build, search: Search) -> Trial | None:
        """Return the trial of an index that would exceed the memory; None if it would not."""
        rerank_codec = build.rerank_codec if search.rerank else None
        if not self.is_too_large(build.codec, rerank_codec, build.graph.m):
            return None
        return self._unbuilt(build, search, "too_large")

    def timed_against_best(self, index: TrialIndex, search: Search) -> tuple[float, float]:
        """Time a search in interleaved rounds with the best trial.

        Returns:
            Queries per second, and their ratio to those of the best. The best keeps the speed that
            it was found at, so that changes of the machine between two trials do not matter.
        """
        workloads = [workload(index, search, self.objective)]
        if self.best is not None:
            best = self.cache.get(self.best.build)
            workloads.insert(0, workload(best, self.best.search, self.objective))
        found = queries_per_second(workloads, len(self.problem.tuning.queries), self.clock)
        ratio = found[-1] / found[0]
        return (found[0] if self.best is None else ratio * self.best.qps), ratio

    def with_search(self, trial: Trial, search: Search, values: Values | None = None) -> Trial:
        """Return a trial with another search, timed in interleaved rounds with the best.

        Args:
            trial: The trial to change.
            search: Its new search settings.
            values: Accuracy of each tuning query. Default: that on the graph of the trial.
        """
        index, judge = self.cache.get(trial.build), self.problem.tuning
        found = index.values(search) if values is None else values
        return replace(
            trial,
            search=search,
            accuracy=judge.value(found),
            error=judge.error(found),
            qps=trial.qps if search == trial.search else self.timed_against_best(index, search)[0],
            cache_lines=index.lines(search),
        )

    def least_effort(
        self, index: TrialIndex, search: Search, criterion: Criterion | None = None
    ) -> Search | None:
        """Return the search with the smallest `ef` that meets a criterion; None if none does."""

        def is_sufficient(ef: int) -> bool:
            self.clock.check()
            return self.problem.tuning.met(index.values(replace(search, ef=ef)), criterion)

        found = first_sufficient(self.ladder, is_sufficient)
        return None if found is None else replace(search, ef=found)

    def estimated_bytes(self, codec: Codec, rerank_codec: str | None, m: int) -> float:
        """Return the estimated size of an index of all rows."""
        sample = self.problem.sample(64)
        own = bytes_of(codec, sample) + (
            bytes_of(Codec.of(rerank_codec), sample) if rerank_codec else 0
        )
        return self.problem.total * (own + 8 * m + ROW_OVERHEAD_BYTES)

    def is_too_large(self, codec: Codec, rerank_codec: str | None, m: int | None = None) -> bool:
        """Return whether an index exceeds the memory beyond the error of the estimate."""
        if self.limits.bytes is None:
            return False
        size_bytes = self.estimated_bytes(
            codec, rerank_codec, min(self.space.m) if m is None else m
        )
        return self._exceeds_memory(size_bytes / SIZE_TOLERANCE)

    def _exceeds_memory(self, size_bytes: float) -> bool:
        return self.limits.bytes is not None and size_bytes > self.limits.bytes

    def _rejected(self, build: Build, rerank: float, query_bits: int) -> Trial | None:
        """Return a trial that is pruned or too large; None if a graph should be index."""
        search = Search(self.ladder[-1], rerank, query_bits)
        loss = self.screening.loss(build.codec)
        if not self.screening.is_feasible(loss, rerank, query_bits):
            return self._unbuilt(build, search, "pruned")
        return self.too_large(build, search)

    def _unbuilt(self, build: Build, search: Search, state: str) -> Trial:
        """Return a trial that was not index, with estimates from its codes."""
        loss = self.screening.loss(build.codec)
        most = self.screening.value(loss, search.rerank, search.query_bits)
        rerank_codec = build.rerank_codec if search.rerank else None
        size_bytes = round(self.estimated_bytes(build.codec, rerank_codec, build.graph.m))
        return self._record(Trial(build, search, state, most, bytes=size_bytes))

    def _record(self, trial: Trial) -> Trial:
        self.trials.append(trial)
        self.progress.trial_done()
        return trial

    def _smallest(self, build: Build, rerank: float, query_bits: int, scan: bool) -> Trial:
        """Measure the smallest sufficient `ef`, or the largest if none is sufficient."""
        self._check_trials()
        if scan:
            return self.measure(build, Search(None, rerank, query_bits))
        widest = Search(self.ladder[-1], rerank, query_bits)
        return self.measure(build, self.least_effort(self.cache.get(build), widest) or widest)

    def _check_trials(self) -> None:
        self.clock.check()
        if self.limits.trials is not None and self.measured >= self.limits.trials:
            raise LimitError("trials")


Strategy = Callable[[TrialRunner], None]
