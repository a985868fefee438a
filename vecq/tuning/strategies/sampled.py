"""Strategies that draw settings from a space: all of them, at random, or by what optuna learns."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from vecq.codec import Codec
from vecq.errors import UnsupportedError
from vecq.tuning.space import Build, Graph, Search
from vecq.tuning.trial import Trial
from vecq.tuning.workbench import Workbench

# Draws, where trials have no limit; a criterion that is missed costs more than any speed gains.
DRAWS, MISSED = 30, 1e6


@dataclass(frozen=True)
class Point:
    """One choice of everything but `ef`, which follows from the criterion."""

    codec: Codec
    wide: str | None
    rerank: float
    graph: Graph
    query_bits: int
    scan: bool

    def attempt(self, bench: Workbench) -> Trial:
        build = Build(self.codec, self.wide, self.graph)
        return bench.attempt(build, self.rerank, self.query_bits, self.scan)


def exhaustive(bench: Workbench) -> None:
    """Every point of the space, with every `ef` of the ladder."""
    points = _points(bench)
    bench.planned = sum(1 if point.scan else len(bench.ladder) for point in points)
    for point in points:
        build = Build(point.codec, point.wide, point.graph)
        for ef in (None,) if point.scan else bench.ladder:
            bench.measure(build, Search(ef, point.rerank, point.query_bits))


def random(bench: Workbench) -> None:
    """Points drawn by the seed, none of them twice."""
    points = _points(bench)
    bench.planned = min(bench.limits.trials or DRAWS, len(points))
    rng = np.random.default_rng(bench.problem.seed)
    for number in rng.permutation(len(points))[: bench.planned]:
        points[number].attempt(bench)


def tpe(bench: Workbench) -> None:
    """Points that optuna's tree-structured Parzen estimators suggest."""
    _suggested(bench, lambda samplers, seed: samplers.TPESampler(seed=seed, multivariate=True))


def bayesian(bench: Workbench) -> None:
    """Points that optuna's Gaussian processes suggest."""
    _package("torch")
    _package("scipy")
    _suggested(
        bench, lambda samplers, seed: samplers.GPSampler(seed=seed, deterministic_objective=True)
    )


def _suggested(bench: Workbench, sampler: Callable[[Any, int], Any]) -> None:
    optuna = _package("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    bench.planned = bench.limits.trials or DRAWS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study = optuna.create_study(
            direction="maximize", sampler=sampler(optuna.samplers, bench.problem.seed)
        )
    for _ in range(bench.planned):
        asked = study.ask()
        trial = _suggestion(asked, bench).attempt(bench)
        if trial.qps == 0:
            study.tell(asked, state=optuna.trial.TrialState.PRUNED)
        else:
            study.tell(asked, _gain(trial, bench))


def _suggestion(asked: Any, bench: Workbench) -> Point:
    """A point, by the numbers that optuna chose."""

    def one_of(name: str, values: Any) -> Any:
        return values[asked.suggest_categorical(name, list(range(len(values))))]

    space = bench.space
    codec, wide = (
        one_of("codec", space.candidates(bench.problem.metric)),
        one_of("wide", space.wides),
    )
    bits = one_of("query_bits", space.query_bits)
    return Point(
        codec=codec,
        wide=wide,
        rerank=one_of("rerank", sorted(space.reranks)) if wide else 0.0,
        graph=Graph(
            one_of("m", sorted(space.m)),
            one_of("ef_construction", sorted(space.ef_construction)),
        ),
        query_bits=bits if bits in space.bits(codec) else space.query_bits[0],
        scan=one_of("scan", (False, True) if space.scans else (False,)),
    )


def _gain(trial: Trial, bench: Workbench) -> float:
    """What optuna is to maximise: logarithms, so that factors count alike at all speeds."""
    value = {
        "memory": -float(np.log(max(trial.bytes, 1))),
        "build": -float(np.log(max(trial.build_seconds, 1e-9))),
    }.get(bench.objective, float(np.log(trial.qps)))
    return (
        value
        if trial.state == "met"
        else value - MISSED * (1 + bench.problem.criterion.least - trial.accuracy)
    )


def _points(bench: Workbench) -> list[Point]:
    """All of them; those that share a graph follow each other, with the wider store first."""
    return list(_each(bench))


def _each(bench: Workbench) -> Iterator[Point]:
    space = bench.space
    wides = sorted(space.wides, key=lambda wide: wide is None)
    plans = (False, True) if space.scans else (False,)
    for graph, codec, wide in product(
        space.graphs(), space.candidates(bench.problem.metric), wides
    ):
        reranks = space.reranks if wide else (0.0,)
        for rerank, bits, scan in product(reranks, space.bits(codec), plans):
            yield Point(codec, wide, rerank, graph, bits, scan)


def _package(name: str) -> Any:
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError:
        extra = "tune" if name == "optuna" else "tune-bayesian"
        raise UnsupportedError(
            f"this strategy needs the package {name}: pip install 'vecq[{extra}]', or choose "
            'strategy="basic"',
            "strategy",
        ) from None
