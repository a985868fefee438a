"""Parts of tuning on their own: intervals, measures, the ladder, memory, which trial is better."""

import numpy as np
import pytest

import vecq
from vecq.tuning import timing
from vecq.tuning.bisection import first_sufficient
from vecq.tuning.interval import of_ratio, of_share
from vecq.tuning.limits import Clock
from vecq.tuning.objective import better
from vecq.tuning.space import Build, Graph, Search, Space
from vecq.tuning.trial import Trial


def test_wilson_of_all_or_nothing():
    low, high = of_share(np.repeat([1.0, 0.0], [90, 10]), 0.95)
    assert (low, high) == pytest.approx((0.8256, 0.9448), abs=1e-4)


@pytest.mark.parametrize(("alpha", "beta"), [(19, 1), (99, 1), (5, 5)])
def test_intervals_hold_the_mean_as_often_as_they_say(alpha, beta):
    rng = np.random.default_rng(0)
    draws = rng.beta(alpha, beta, (400, 100))
    mean = alpha / (alpha + beta)
    held = [low <= mean <= high for low, high in (of_share(one, 0.95) for one in draws)]
    assert np.mean(held) > 0.92


def test_what_never_failed_may_yet_fail():
    assert of_share(np.ones(100), 0.95).low < 0.995
    assert of_ratio(np.ones(100), np.ones(100), 0.95).low < 1


def test_ratios_of_the_same_queries_are_narrow():
    base = np.random.default_rng(0).random(200)
    found = of_ratio(0.99 * base, base, 0.95)
    assert found.low <= 0.99 <= found.high
    assert found.half < 0.005


def test_the_ladder_finds_the_first_rung_and_tries_few():
    rungs = list(range(40))
    for first in range(41):
        tried = []
        assert first_sufficient(rungs, lambda r, t=tried, f=first: t.append(r) or r >= f) == (
            first if first < 40 else None
        )
        assert len(tried) <= 13
        assert len(set(tried)) == len(tried)


@pytest.mark.parametrize(
    ("text", "count"),
    [("2GB", 2 * 10**9), ("512MiB", 2**29), ("1.5k", 1500), (7, 7), ("10", 10), ("3 tb", 3e12)],
)
def test_memory_as_text(text, count):
    assert vecq.Limits(memory=text).bytes == count


def trial(state="met", accuracy=0.95, qps=100.0, size=100, seconds=1.0):
    build = Build(vecq.Codec("int8"), None, Graph())
    return Trial(build, Search(10), state, accuracy, qps, size, seconds)


def test_what_meets_the_criterion_beats_what_does_not():
    assert better(trial(qps=1), trial("missed", qps=1000), "qps", 0.001)
    assert not better(trial("missed", qps=1000), trial(qps=1), "qps", 1000)
    assert better(trial("missed", 0.9), trial("missed", 0.8), "qps", 1)


def test_within_noise_the_earlier_one_stays():
    assert not better(trial(), trial(), "qps", 1.01)
    assert better(trial(), trial(), "qps", 1.05)
    assert not better(trial(size=101), trial(), "memory", 5)
    assert better(trial(size=90), trial(), "memory", 0.1)
    assert better(trial(seconds=1.05), trial(), "build", 1.5)
    assert not better(trial(seconds=1.5), trial(), "build", 9)


def test_ladders_rise_from_k():
    assert Space().ladder(100, 10**6)[0] == 100
    assert Space().ladder(100, 10**6)[-1] == 6400
    assert Space().ladder(10, 50)[-1] == 50
    assert Space().ladder(50, 50) == [50]
    assert Space(efs=[5, 200, 100]).ladder(10, 150) == [10, 100, 150]


@pytest.mark.parametrize("metric", ["ip", "cosine", "l2"])
def test_every_codec_of_the_default_space_can_be_linked(metric):
    rows = np.random.default_rng(0).standard_normal((50, 16), np.float32)
    for codec in Space().candidates(metric):
        vecq.Index(16, metric, codec).add(rows, threads=1)


def test_turns_that_had_more_cores_make_nobody_faster(monkeypatch):
    """The second is a quarter faster in every turn but those that one of the two had for itself."""
    turns = {"first": [1.0, 1.0, 1.9, 1.0, 1.0], "second": [1.25, 1.25, 1.25, 2.4, 1.25]}
    monkeypatch.setattr(timing, "_calibrated_count", lambda work, most: 100)
    monkeypatch.setattr(timing, "_fastest_call", lambda work, count: count / turns[work].pop(0))
    first, second = timing.queries_per_second(["first", "second"], 100, Clock(None))
    assert first == pytest.approx(1.9)
    assert second == pytest.approx(1.25 * first)


@pytest.mark.parametrize(("second", "taken"), [(0.5, 2), (0.7, 5)])
def test_what_is_far_behind_ends_early(monkeypatch, second, taken):
    seen = []
    monkeypatch.setattr(timing, "_calibrated_count", lambda work, most: 100)
    monkeypatch.setattr(
        timing, "_fastest_call", lambda work, count: seen.append(work) or count / work
    )
    assert timing.queries_per_second([1.0, second], 100, Clock(None))[1] == pytest.approx(second)
    assert len(seen) == 2 * taken
