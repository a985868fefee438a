"""Every strategy ends with settings that are accurate enough; limits and Ctrl-C end all of them."""

import sys

import numpy as np
import pytest

import vecq

pytestmark = pytest.mark.filterwarnings("ignore::vecq.TuningWarning")
RECALL = vecq.Recall(0.9)
STRATEGIES = ["basic", "mse", "random", "exhaustive", "tpe", "bayesian"]


def require(strategy):
    """What optional packages are missing is said by the name of the skipped test."""
    for package in {"tpe": ["optuna"]}.get(strategy, []):
        pytest.importorskip(package, reason=f"{package} IS NOT INSTALLED: {strategy} goes untested")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_meets_the_criterion(tune, space, strategy):
    require(strategy)
    grid = space(efs=[10, 20, 40, 80])
    found = tune(strategy=strategy, accuracy=RECALL, space=grid, limits=vecq.Limits(trials=8))
    assert found.met
    assert found.strategy == strategy
    assert sum(one.qps > 0 for one in found.trials) <= 8


def tried(found):
    return [(one.build.key(), one.search, one.accuracy, one.state) for one in found.trials]


@pytest.mark.parametrize("objective", ["qps", "memory"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_seed_and_a_limit_of_trials_repeat_what_is_tried(tune, space, strategy, objective):
    require(strategy)
    options = {"strategy": strategy, "accuracy": RECALL, "objective": objective}
    options |= {"limits": vecq.Limits(trials=12), "space": space(efs=[10, 20, 40, 80])}
    first, again = (tune(seed=5, **options) for _ in range(2))
    assert tried(first) == tried(again)
    assert first.index_settings["seed"] == 5
    if objective == "memory":  # which no clock decides
        assert first.index_settings == again.index_settings
    if strategy in ("random", "tpe", "bayesian"):
        assert tried(tune(seed=6, **options)) != tried(first)


@pytest.mark.parametrize("strategy", ["basic", "tpe"])
def test_clocks_decide_nothing_that_is_tried_where_trials_are_limited(tune, monkeypatch, strategy):
    """As if speeds came out the other way round."""
    from vecq.tuning import timing, trial_runner

    require(strategy)
    options = {"strategy": strategy, "accuracy": RECALL, "limits": vecq.Limits(trials=10)}
    first = tune(**options)

    def backwards(*works):
        return [1e9 / speed for speed in timing.queries_per_second(*works)]

    monkeypatch.setattr(trial_runner, "queries_per_second", backwards)
    assert tried(tune(**options)) == tried(first)


@pytest.mark.parametrize(
    ("strategy", "trials", "ended"),
    [("random", 5, "trials"), ("tpe", 5, "trials"), ("random", None, "draws")],
)
def test_points_that_are_left_are_told_of(tune, space, monkeypatch, strategy, trials, ended):
    monkeypatch.setattr("vecq.tuning.strategies.grid.DRAWS", 4)
    require(strategy)
    options = {"strategy": strategy, "limits": vecq.Limits(trials=trials)}
    assert tune(accuracy=RECALL, **options).ended == ended
    hopeless = space(
        codecs=["int8", "int16"], rerank_codecs=[None], m=[2, 3], scans=False, efs=[10]
    )
    found = tune(accuracy=vecq.Recall(0.99), space=hopeless, **options)
    assert found.ended == ended
    expected = "the limit of trials" if ended == "trials" else "only some settings were drawn"
    assert found.binding.startswith(expected)


def test_all_points_drawn_is_no_early_end(tune, space):
    grid = space(codecs=["int8"], rerank_codecs=[None], m=[2, 3], scans=False, efs=[10])
    found = tune(accuracy=vecq.Recall(0.99), space=grid, strategy="random")
    assert found.ended == ""
    assert found.binding.startswith("the accuracy, which is at most")


class Asked:
    """Takes what optuna's trial would."""

    def __init__(self):
        self.constraints = {}
        self.set_constraint = self.constraints.__setitem__
        self.told = []

    def tell(self, asked, value):
        self.told.append(value)


def test_a_missed_criterion_is_a_constraint_and_leaves_speed_alone(tune, space):
    from types import SimpleNamespace

    from vecq.tuning.strategies.tpe_strategy import _tell

    grid = space(codecs=["int8"], rerank_codecs=[None], m=[8], scans=False, efs=[10, 80])
    found = tune(accuracy=RECALL, space=grid, strategy="exhaustive")
    short = next(one for one in found.trials if one.state == "missed")
    met = next(one for one in found.trials if one.state == "met")
    runner = SimpleNamespace(
        problem=SimpleNamespace(criterion=RECALL),
        limits=SimpleNamespace(bytes=None),
        trials=[short, met],
        gain=lambda trial: np.log(trial.qps),
    )
    for trial, beyond in ((short, True), (met, False)):
        asked = Asked()
        _tell(asked, asked, trial, runner)
        assert asked.told == [np.log(trial.qps)]
        assert (asked.constraints["accuracy"] > 0) == beyond
        assert asked.constraints["memory"] <= 0


def test_the_limit_of_trials(tune):
    found = tune(accuracy=RECALL, limits=vecq.Limits(trials=2))
    assert found.ended == "trials"
    assert sum(one.qps > 0 for one in found.trials) == 2
    assert "the limit of trials was reached" in str(found)


def test_the_limit_of_time_ends_a_build(tune, space):
    grid = space(m=[16], ef_construction=[100_000])
    with pytest.raises(vecq.ArgumentError, match="limits allow too little time"):
        tune(accuracy=RECALL, space=grid, limits=vecq.Limits(time=0.3))


def test_the_limit_of_time_ends_the_search_for_truths(tune, monkeypatch):
    monkeypatch.setattr(vecq.tuning.screening, "Screening", None)  # it does not come so far
    with pytest.raises(vecq.ArgumentError, match="limits allow too little time"):
        tune(accuracy=RECALL, limits=vecq.Limits(time=1e-6))


def test_interrupting_keeps_the_best_so_far(tune):
    def stop(done: int, total: int) -> None:
        assert done <= total
        if done == 3:
            raise KeyboardInterrupt

    found = tune(accuracy=RECALL, progress=stop)
    assert found.ended == "interrupted"
    assert len(found.trials) == 3
    assert found.met
    assert found.chosen in found.trials


def test_interrupting_before_anything_was_measured_is_passed_on(tune, monkeypatch):
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(vecq.Index, "add", stop)
    with pytest.raises(KeyboardInterrupt):
        tune(accuracy=RECALL)


def test_progress_tells_of_every_trial(tune):
    seen = []
    found = tune(accuracy=RECALL, progress=lambda done, total: seen.append((done, total)))
    assert sorted({done for done, _ in seen}) == list(range(len(found.trials) + 1))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert all(done < total for done, total in seen if done < len(found.trials))
    assert seen[-1] == (len(found.trials), len(found.trials))
    assert seen[0][0] == 0  # truths, codes and graphs come before the first trial


def test_what_is_pruned_counts_as_progress(tune, space, hard):
    seen = []
    found = tune(
        *(hard.items, hard.queries),
        accuracy=vecq.Recall(0.97),
        space=space(codecs=["int8"]),
        strategy="random",
        progress=lambda done, total: seen.append((done, total)),
    )
    assert any(one.state == "pruned" for one in found.trials)
    assert seen[-1] == (len(found.trials), len(found.trials))


def test_strategies_that_lack_a_package_say_so(tune, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)  # as if it were not installed
    with pytest.raises(vecq.UnsupportedError, match=r"pip install 'vecq\[tune\]'"):
        tune(strategy="tpe")
