"""Settings that optuna's tree-structured Parzen estimators suggest."""

import warnings
from typing import Any

from vecq.core.errors import UnsupportedError
from vecq.tuning.space import Graph
from vecq.tuning.strategies.grid import draw
from vecq.tuning.strategies.points import Point, points_of
from vecq.tuning.trial import Trial
from vecq.tuning.trial_runner import TrialRunner

MISSED = 1e-4  # least violation of the constraint if a criterion is missed within its error


def tpe(runner: TrialRunner) -> None:
    """Try points that optuna suggests. It maximizes the gain; accuracy and memory are constraints.

    Raises:
        UnsupportedError: optuna 5 or later is not installed.
    """
    optuna = _package("optuna")
    if not hasattr(optuna.trial.Trial, "set_constraint"):
        raise _lacking("optuna>=5")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(seed=runner.problem.seed, multivariate=True)
        study = optuna.create_study(direction="maximize", sampler=sampler)

    def attempt(number: int) -> None:
        asked = study.ask()
        _tell(study, asked, _suggestion(asked, runner).attempt(runner), runner)

    draw(runner, len(points_of(runner)), attempt)


def _tell(study: Any, asked: Any, trial: Trial, runner: TrialRunner) -> None:
    """Tell optuna of a trial; an unmeasured one gets the mean gain, and its constraints fail."""
    missed = runner.problem.criterion.least - trial.accuracy
    asked.set_constraint("accuracy", missed if trial.state == "met" else max(missed, MISSED))
    most = runner.limits.bytes
    asked.set_constraint("memory", 0.0 if most is None else trial.bytes / most - 1)
    measured = [runner.gain(one) for one in runner.trials if one.measured]
    mean = sum(measured) / max(len(measured), 1)
    study.tell(asked, runner.gain(trial) if trial.measured else mean)


def _suggestion(asked: Any, runner: TrialRunner) -> Point:
    """Return the point of the numbers that optuna chose."""

    def one_of(name: str, values: Any) -> Any:
        return values[asked.suggest_categorical(name, list(range(len(values))))]

    space = runner.space
    codec = one_of("codec", space.candidates(runner.problem.metric))
    rerank_codec = one_of("rerank_codec", space.rerank_codecs)
    bits = one_of("query_bits", space.query_bits)
    return Point(
        codec=codec,
        rerank_codec=rerank_codec,
        rerank=one_of("rerank", sorted(space.rerank_factors)) if rerank_codec else 0.0,
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
