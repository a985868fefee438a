"""Run a plan: load, build, sweep, compare instruction sets; every result is a record."""

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
from vecq.bench.contender import Contender
from vecq.bench.isas import isa_names, isa_speeds
from vecq.bench.journal import Journal
from vecq.bench.machine import machine, versions
from vecq.bench.plan import Plan
from vecq.bench.progress import Progress
from vecq.bench.records import Build, Data, Point, Record, Run
from vecq.bench.regimes import Batch, Concurrent, Processes, Regime, Single
from vecq.bench.subprocess_call import one_line
from vecq.bench.subprocess_contender import SubprocessContender
from vecq.bench.sweep import Sweep
from vecq.bench.truth import GroundTruth, ground_truth
from vecq.datasets import Dataset, load

# Quick runs measure every other setting, each for less time.
QUICK_STRIDE, QUICK_SECONDS = 2, 0.25


def run(
    plan: Plan, progress: Progress | None = None, path: str | Path | None = None
) -> list[Record]:
    """Run the measurements of a plan.

    Ctrl-C ends the run early and returns the records so far. With the regime "processes" or with
    classes of your own, call this from an importable module, below `if __name__ == "__main__":`.

    Args:
        plan: The measurements to run.
        progress: Shows progress. Default: on stderr.
        path: A file that every record is appended to at once, so that it survives a crash.
            Default: None.

    Returns:
        The records, that of the run first.

    Raises:
        ArgumentError: An argument of the plan does not fit the data or this machine.

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
        self.contenders: list[Contender] = []

    def run(self) -> list[Record]:
        plan = self.plan
        specs, notes = chosen(plan.codecs, plan.peers, plan.peer_m, plan.ef_construction)
        self.isas = isa_names(plan.isas)
        self.about.notes += notes
        with self.progress:
            try:
                self._measure(specs)
            except KeyboardInterrupt:
                self.about.interrupted = True
                self.about.notes.append("interrupted: the records end at that point")
            finally:
                for contender in self.contenders:
                    self._close(contender)
        self.about.seconds = time.monotonic() - self.began
        self.journal.finish()
        return self.journal.records

    def _close(self, contender: Contender) -> None:
        try:
            contender.close()
        except Exception as error:
            self.about.notes.append(f"{contender.name} failed to close: {one_line(error)}")

    def _measure(self, specs: list[Spec]) -> None:
        plan = self.plan
        data = self._load()
        self.progress.stage(f"{data.name}: true neighbors")
        truth = ground_truth(data, max(plan.k), plan.build_threads)
        self._describe(data, truth.source)
        for spec in specs:
            self._build(spec, data)
        with self._regimes(len(data.test)) as regimes:
            self._sweep(data, truth, regimes)
        if plan.accuracy:
            self.progress.stage(f"{data.name}: exact search on codes")
            self.journal.add(*accuracy(data, plan.k, truth, plan.build_threads))
        self._force_isas(data, truth)

    def _force_isas(self, data: Dataset, truth: GroundTruth) -> None:
        if not self.isas:
            return
        self.progress.stage(f"{data.name}: instruction sets")
        points = [record for record in self.journal.records if isinstance(record, Point)]
        try:
            found = isa_speeds(
                *(self.contenders, points, truth, self.isas),
                *(self.plan.repetitions, self.progress.step, max(self.plan.k)),
            )
            self.journal.add(*found)
        except Exception as error:
            self.about.notes.append(f"instruction sets cannot be compared: {one_line(error)}")

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
        contender = SubprocessContender(spec, data) if apart else Contender(spec, data)
        self.contenders.append(contender)
        self.progress.stage(f"{data.name}: building {contender.name}")
        record = contender.enter(self.plan.build_threads)
        others = {one.contender for one in self.journal.records if isinstance(one, Build)}
        if contender.name in others:
            contender.name = record.contender = f"{contender.name} ({spec.target})"
        self.journal.add(record)
        if record.error is not None:
            self.contenders.remove(contender)
            self._close(contender)
            self.about.notes.append(f"{contender.name} failed to build: {record.error}")

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

    def _sweep(self, data: Dataset, truth: GroundTruth, regimes: list[Regime]) -> None:
        plan = self.plan
        for contender in self.contenders:
            for regime in regimes:
                refusal = regime.refusal(contender)
                if refusal:
                    self.about.notes.append(f"{contender.name}, {regime.name}: skipped, {refusal}")
        self.progress.stage(f"{data.name}: measuring")
        sweep = Sweep(
            *(data, self.contenders, regimes, truth),
            {k: plan.enough_for(k) for k in plan.k},
            stride=QUICK_STRIDE if plan.quick else 1,
            deadline=float("inf") if plan.seconds is None else time.monotonic() + plan.seconds,
            seed=plan.seed,
            say=self.progress.step,
            keep=self.journal.sketch,
        )
        try:
            sweep.run(plan.repetitions)
        finally:
            self.journal.add(*sweep.points())
            if sweep.late:
                self.about.notes.append(f"measuring ended after the limit of {plan.seconds:g} s")
