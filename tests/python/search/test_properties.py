"""Random filters and exclusions against all scores, for every kind of search."""

import functools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import vecq

every_plan = pytest.mark.parametrize("plan", ["auto", "walk", "step_over", "scan"])
shares = st.one_of(st.sampled_from([0.0, 0.002, 0.05, 0.5, 0.95, 1.0]), st.floats(0, 1))
choices = {
    "seed": st.integers(0, 2**32 - 1),
    "allowed": st.none() | shares,
    "denied": st.none() | shares,
    "excluded": st.none() | shares,
}
drawn = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@drawn
@given(
    **choices,
    k=st.sampled_from([1, 2, 10, 100, 1499, 1500, 2000]),
    queries=st.sampled_from([1, 2, 7, 33, 40]),
    effort=st.sampled_from([{}, {"ef": 1}, {"ef": 30}, {"ef": 5000}]),
    threads=st.sampled_from([0, 1, 2]),
)
@every_plan
def test_no_filter_is_violated(
    world, plan, seed, allowed, denied, excluded, k, queries, effort, threads
):
    passing, options = world.choices(seed, queries, allowed, denied, excluded)
    found = world.index.search(
        world.queries[:queries], k, plan=plan, threads=threads, **options, **effort
    )
    world.check(found, passing, best=plan == "scan", queries=slice(queries))


@functools.cache
def with_curve(world):
    world.index.measure_recall(world.queries, [10, 100])
    return world.index


@functools.cache
def reranked(world):
    return vecq.Index(
        world.items.shape[1],
        world.metric,
        "int8",
        m=8,
        ef_construction=40,
        rerank_codec=world.codec,
    ).add(world.items)


def by_recall(world, count, k, passing, options):
    found = with_curve(world).search(world.queries[:count], k, target_recall=0.9, **options)
    world.check(found, passing, best=options["plan"] == "scan", queries=slice(count))


def by_rerank(world, count, k, passing, options):
    found = reranked(world).search(world.queries[:count], k, rerank_factor=1.5, **options)
    world.check(found, passing, queries=slice(count))


def by_ids(world, count, k, passing, options):
    own = np.arange(count) * 37  # with duplicates
    options.pop("exclude", None)
    passing = np.broadcast_to(options.get("allow", True), passing.shape).copy()
    passing[:, [row for row in options.get("deny", []) if 0 <= row < len(world.items)]] = False
    passing[np.arange(count), own] = False
    found = world.index.search_by_ids(own, k, **options)
    scores = world.scores_of(world.index.get(own))
    world.check(found, passing, best=options["plan"] == "scan", scores=scores)


def by_pages(world, count, k, passing, options):
    options["exclude"] = options.get("exclude", [[]])[:1]
    left, ended = passing[:1].copy(), True
    for number, page in enumerate(world.index.search_iter(world.queries[0], k, **options)):
        assert page.ids.shape[1] == min(k, left.sum())
        world.check(page, left, best=options["plan"] == "scan", queries=slice(1))
        left[0, page.ids[0]] = False
        if number == 20:
            ended = False
            break
    assert not ended or not left.any()


def by_range(world, count, k, passing, options):
    threshold = float(np.quantile(world.scores[:count], 1 - k / 2000))
    found = world.index.search_range(world.queries[:count], threshold, **options)
    for q, (first, last) in enumerate(zip(found.indptr, found.indptr[1:], strict=False)):
        ids, scores, all_ = found.ids[first:last], found.scores[first:last], world.scores[q]
        assert len(set(ids.tolist())) == len(ids)
        assert passing[q, ids].all()
        assert (np.diff(scores) <= 0).all()
        assert (scores >= threshold).all()
        np.testing.assert_allclose(scores, all_[ids], rtol=0, atol=world.slack)
        if options["plan"] == "scan":
            assert set(ids) >= set(np.flatnonzero(passing[q] & (all_ >= threshold + world.slack)))


@drawn
@given(
    **choices,
    k=st.sampled_from([1, 10, 100, 1500, 2000]),
    count=st.sampled_from([1, 7, 40]),
    threads=st.sampled_from([1, 2]),
)
@pytest.mark.parametrize("way", [by_recall, by_rerank, by_ids, by_pages, by_range])
@every_plan
def test_no_kind_of_search_violates_a_filter(
    world, way, plan, seed, allowed, denied, excluded, k, count, threads
):
    passing, options = world.choices(seed, count, allowed, denied, excluded)
    way(world, count, k, passing, {"plan": plan, "threads": threads, **options})
