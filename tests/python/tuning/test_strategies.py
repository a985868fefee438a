"""Every strategy ends with settings that are accurate enough; limits and Ctrl-C end all of them."""

import sys

import pytest

import vecq

pytestmark = pytest.mark.filterwarnings("ignore::vecq.TuningWarning")
RECALL = vecq.Recall(0.9)


@pytest.mark.parametrize("strategy", ["basic", "mse", "random", "exhaustive", "tpe", "bayesian"])
def test_every_strategy_meets_the_criterion(tune, space, strategy):
    for package in {"tpe": ["optuna"], "bayesian": ["optuna", "torch"]}.get(strategy, []):
        pytest.importorskip(package)
    grid = space(efs=[10, 20, 40, 80])
    found = tune(strategy=strategy, accuracy=RECALL, space=grid, limits=vecq.Limits(trials=8))
    assert found.met
    assert found.strategy == strategy
    assert sum(one.qps > 0 for one in found.trials) <= 8


def tried(found):
    return [(one.build.key(), one.search, one.accuracy, one.state) for one in found.trials]


@pytest.mark.parametrize("strategy", ["random", "tpe"])
def test_a_seed_and_a_limit_of_trials_repeat_what_is_tried(tune, strategy):
    if strategy == "tpe":
        pytest.importorskip("optuna")
    options = {"strategy": strategy, "accuracy": RECALL, "limits": vecq.Limits(trials=4)}
    options["objective"] = "memory"  # which no clock decides
    first, again, other = (tune(seed=seed, **options) for seed in (5, 5, 6))
    assert tried(first) == tried(again) != tried(other)
    assert first.index_settings == again.index_settings
    assert first.index_settings["seed"] == 5


def test_the_limit_of_trials(tune):
    found = tune(accuracy=RECALL, limits=vecq.Limits(trials=2))
    assert found.ended == "trials"
    assert sum(one.qps > 0 for one in found.trials) == 2
    assert "the limit of trials was reached" in str(found)


def test_the_limit_of_time_ends_a_build(tune, space):
    grid = space(m=[16], ef_construction=[100_000])
    with pytest.raises(vecq.ArgumentError, match="limits allow too little time"):
        tune(accuracy=RECALL, space=grid, limits=vecq.Limits(time=0.3))


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
    assert [done for done, _ in seen] == list(range(1, len(found.trials) + 1))


def test_strategies_that_lack_a_package_say_so(tune, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)  # as if it were not installed
    with pytest.raises(vecq.UnsupportedError, match=r"pip install 'vecq\[tune\]'"):
        tune(strategy="tpe")
