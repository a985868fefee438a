"""A run from its plan: load, build, sweep, and what belongs beside it; all of it as records."""

import shlex
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from vecq import ArgumentError
from vecq.bench import numa
from vecq.bench.accuracy import accuracy
from vecq.bench.adapters import Spec, chosen
from vecq.bench.child import one_line
from vecq.bench.contestant import Contestant
from vecq.bench.guest import Guest
from vecq.bench.isas import isa_names, isa_speeds
from vecq.bench.journal import Journal
from vecq.bench.machine import machine, versions
from vecq.bench.plan import Plan
from vecq.bench.progress import Progress
from vecq.bench.records import Build, Data, Point, Record, Run
from vecq.bench.regimes import Batch, Concurrent, Processes, Regime, Single
from vecq.bench.sweep import Sweep
from vecq.bench.truth import Ids, true_ids
from vecq.datasets import Dataset, load

# Quick runs take every other setting, and give each process less time.
QUICK_STRIDE, QUICK_SECONDS = 2, 0.25


def run(
    plan: Plan, progress: Progress | None = None, path: str | Path | None = None
) -> list[Record]:
    """Measures what a plan says, and returns the records, the one of the run first.

    They are written to the file `path` too, as they come, so that whatever ends the process leaves
    what was measured. Ctrl-C ends it early; what was measured by then is returned. Where processes
    are measured, or a class of yours, this must be called from a module that can be imported, below
    `if __name__ == "__main__":`.

    >>> records = run(Plan("recsys-demo", k=[100], quick=True))
    """
    return Harness(plan, progress or Progress(), None if path is None else Path(path)).run()


class Harness:
    """One run."""

    def __init__(self, plan: Plan, progress: Progress, path: Path | None) -> None:
        self.plan, self.progress = plan, progress
        self.began = time.monotonic()
        started = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        command = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
        self.about = Run(started, command, machine(), versions(), plan.parameters())
        self.journal = Journal(self.about, path)
        self.contestants: list[Contestant] = []

    def run(self) -> list[Record]:
        specs, notes = chosen(self.plan.codecs, self.plan.peers)
        self.isas = isa_names(self.plan.isas)
        self.about.notes += notes
        with self.progress:
            try:
                self._measure(specs)
            except KeyboardInterrupt:
                self.about.interrupted = True
                self.about.notes.append("interrupted: what follows was measured by then")
            finally:
                for contestant in self.contestants:
                    self._close(contestant)
        self.about.seconds = time.monotonic() - self.began
        self.journal.finish()
        return self.journal.records

    def _close(self, contestant: Contestant) -> None:
        try:
            contestant.close()
        except Exception as error:
            self.about.notes.append(f"{contestant.name} could not be closed: {one_line(error)}")

    def _measure(self, specs: list[Spec]) -> None:
        plan = self.plan
        data = self._load()
        self.progress.stage(f"{data.name}: true neighbours")
        truth, source = true_ids(data, max(plan.k), plan.build_threads)
        self._describe(data, source)
        for spec in specs:
            self._build(spec, data)
        with self._regimes(len(data.test)) as regimes:
            self._sweep(data, truth, regimes)
        if plan.accuracy:
            self.progress.stage(f"{data.name}: exact search on codes")
            self.journal.add(*accuracy(data, plan.k, truth, plan.build_threads))
        self._force_isas(data, truth)

    def _force_isas(self, data: Dataset, truth: Ids) -> None:
        if not self.isas:
            return
        self.progress.stage(f"{data.name}: instruction sets")
        points = [record for record in self.journal.records if isinstance(record, Point)]
        try:
            found = isa_speeds(
                *(self.contestants, points, truth, self.isas),
                *(self.plan.repetitions, self.progress.step),
            )
            self.journal.add(*found)
        except Exception as error:
            self.about.notes.append(f"instruction sets could not be compared: {one_line(error)}")

    def _load(self) -> Dataset:
        data = self.plan.data
        if not isinstance(data, Dataset):
            self.progress.stage(f"loading {data}")
            data = load(data, self.plan.queries, self.plan.metric)
        if max(self.plan.k) > len(data.train):
            raise ArgumentError(
                f"k is {max(self.plan.k):,}, but {data.name} has {len(data.train):,} rows: "
                "expected no more than those",
                "k",
            )
        return data

    def _describe(self, data: Dataset, source: str) -> None:
        rows, dim = data.train.shape
        known = data.heldout is not None, data.seen is not None
        self.journal.add(Data(data.name, rows, dim, len(data.test), data.metric, *known, source))

    def _build(self, spec: Spec, data: Dataset) -> None:
        apart = spec.own or spec.make().apart
        contestant = Guest(spec, data) if apart else Contestant(spec, data)
        self.contestants.append(contestant)
        self.progress.stage(f"{data.name}: building {contestant.name}")
        record = contestant.enter(self.plan.build_threads)
        others = {one.contestant for one in self.journal.records if isinstance(one, Build)}
        if contestant.name in others:
            contestant.name = record.contestant = f"{contestant.name} ({spec.target})"
        self.journal.add(record)
        if record.error is not None:
            self.contestants.remove(contestant)
            self._close(contestant)
            self.about.notes.append(f"{contestant.name} could not be built: {record.error}")

    @contextmanager
    def _regimes(self, queries: int) -> Iterator[list[Regime]]:
        plan = self.plan
        makers: dict[str, Callable[[], Regime]] = {
            "single": lambda: Single(queries),
            "batch": lambda: Batch(queries, plan.threads),
            "concurrent": lambda: Concurrent(queries, plan.threads),
            "processes": self._processes(queries),
        }
        regimes = [makers[name]() for name in plan.regimes]
        try:
            yield regimes
        finally:
            for regime in regimes:
                regime.close()

    def _processes(self, queries: int) -> Callable[[], Processes]:
        plan = self.plan
        seconds = {"seconds": QUICK_SECONDS} if plan.quick else {}

        def make() -> Processes:
            if plan.numa:
                self.about.notes.append(numa.remark())
            return Processes(queries, plan.processes, pin=plan.pin, numa=plan.numa, **seconds)

        return make

    def _sweep(self, data: Dataset, truth: Ids, regimes: list[Regime]) -> None:
        plan = self.plan
        for contestant in self.contestants:
            for regime in regimes:
                refusal = regime.refusal(contestant)
                if refusal:
                    self.about.notes.append(f"{contestant.name}, {regime.name}: skipped, {refusal}")
        self.progress.stage(f"{data.name}: measuring")
        sweep = Sweep(
            *(data, self.contestants, regimes, truth),
            {k: plan.enough_for(k) for k in plan.k},
            stride=QUICK_STRIDE if plan.quick else 1,
            deadline=float("inf") if plan.seconds is None else time.monotonic() + plan.seconds,
            say=self.progress.step,
            keep=self.journal.sketch,
        )
        try:
            sweep.run(plan.repetitions)
        finally:
            self.journal.add(*sweep.points())
            if sweep.late:
                self.about.notes.append(
                    f"measuring was ended after {plan.seconds:g} s, as asked for"
                )
