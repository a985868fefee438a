"""Strategies that let optuna learn from what was tried which settings to try next."""

import warnings
from collections.abc import Callable
from typing import Any

from vecq.core.errors import UnsupportedError
from vecq.tuning.space import Graph
from vecq.tuning.strategies.points import Point, points_of
from vecq.tuning.strategies.sampled import draw
from vecq.tuning.trial import Trial
from vecq.tuning.workbench import Workbench

# By how much a criterion that is not met with certainty counts as missed at least.
MISSED = 1e-4


def tpe(bench: Workbench) -> None:
    """Points that optuna's tree-structured Parzen estimators suggest."""
    _suggested(bench, lambda samplers, seed: samplers.TPESampler(seed=seed, multivariate=True))


def _suggested(bench: Workbench, sampler: Callable[[Any, int], Any]) -> None:
    """Speed is what optuna maximises; accuracy and memory are constraints of their own."""
    optuna = _package("optuna")
    if not hasattr(optuna.trial.Trial, "set_constraint"):
        raise _lacking("optuna>=5")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study = optuna.create_study(
            direction="maximize", sampler=sampler(optuna.samplers, bench.problem.seed)
        )

    def attempt(number: int) -> None:
        asked = study.ask()
        _tell(study, asked, _suggestion(asked, bench).attempt(bench), bench)

    draw(bench, len(points_of(bench)), attempt)


def _tell(study: Any, asked: Any, trial: Trial, bench: Workbench) -> None:
    """What was not measured has the mean of what was: its constraints tell that it is of no use."""
    missed = bench.problem.criterion.least - trial.accuracy
    asked.set_constraint("accuracy", missed if trial.state == "met" else max(missed, MISSED))
    most = bench.limits.bytes
    asked.set_constraint("memory", 0.0 if most is None else trial.bytes / most - 1)
    measured = [bench.gain(one) for one in bench.trials if one.measured]
    mean = sum(measured) / max(len(measured), 1)
    study.tell(asked, bench.gain(trial) if trial.measured else mean)


def _suggestion(asked: Any, bench: Workbench) -> Point:
    """A point, by the numbers that optuna chose."""

    def one_of(name: str, values: Any) -> Any:
        return values[asked.suggest_categorical(name, list(range(len(values))))]

    space = bench.space
    codec = one_of("codec", space.candidates(bench.problem.metric))
    wide = one_of("wide", space.rerank_codecs)
    bits = one_of("query_bits", space.query_bits)
    return Point(
        codec=codec,
        wide=wide,
        rerank=one_of("rerank", sorted(space.rerank_factors)) if wide else 0.0,
        graph=Graph(
            one_of("m", sorted(space.m)),
            one_of("ef_construction", sorted(space.ef_construction)),
        ),
        query_bits=bits if bits in space.bits(codec) else space.query_bits[0],
        scan=one_of("scan", (False, True) if space.scans else (False,)),
    )


def _package(name: str) -> Any:
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError:
        raise _lacking(name) from None


def _lacking(name: str) -> UnsupportedError:
    return UnsupportedError(
        f"this strategy needs the package {name}: pip install 'vecq[tune]', or choose "
        'strategy="basic"',
        "strategy",
    )
