"""One graph serves every codec that can share its links."""

import math

import numpy as np
import pytest

import vecq
from vecq.tuning import index_cache
from vecq.tuning.criteria import Recall
from vecq.tuning.index_cache import IndexCache
from vecq.tuning.limits import Clock
from vecq.tuning.problem import Judge, Problem
from vecq.tuning.queries import Queries
from vecq.tuning.space import Build, Graph, Search, named

RECALL = vecq.Recall(0.9)


@pytest.fixture
def linked(monkeypatch):
    """The indexes that were linked, not only coded, as they come."""
    indexes = []
    add = vecq.Index.add
    monkeypatch.setattr(
        vecq.Index,
        "add",
        lambda self, *rows, **more: indexes.append(self) or add(self, *rows, **more),
    )
    return indexes


@pytest.fixture
def cache(data, space):
    def make(metric="l2", timed=False, **options):
        queries = Queries(data.queries)
        judge = Judge(queries, data.items, metric, 10, Recall(0.9), 1, Clock(None))
        problem = Problem(
            *(data.items, metric, 10, Recall(0.9), judge, judge, None),
            *(len(data.items), 1, 0),
        )
        return IndexCache(problem, space(**options), Clock(None), timed)

    return make


def build(codec="int8", rerank_codec=None, m=16, metric="l2"):
    return Build(named(codec, metric), rerank_codec, Graph(m, 100))


@pytest.mark.parametrize("metric", ["l2", "cosine"])
def test_codecs_and_wider_stores_share_a_graph(cache, linked, metric):
    held = cache(metric)
    first = held.get(build(metric=metric))
    for codec, rerank_codec in [
        ("fp32", None),
        ("int16", None),
        ("int8", "fp32"),
        ("fp32", "fp32"),
    ]:
        other = held.get(build(codec, rerank_codec, metric=metric))
        assert other.shares_graph
        assert other.seconds == first.seconds
        assert other.build.codec.kind == codec
    assert len(linked) == 1
    held.get(build(m=8, metric=metric))
    assert len(linked) == 2


@pytest.mark.parametrize("metric", ["l2", "cosine"])
def test_a_shared_graph_finds_what_its_own_would(cache, metric, monkeypatch):
    monkeypatch.setattr("vecq.tuning.index_cache.REBUILD_SECONDS", math.inf)
    monkeypatch.setattr("vecq.tuning.index_cache.ALL_REBUILD_SECONDS", math.inf)
    held, search = cache(metric), Search(60)
    held.get(build(metric=metric))
    shared = held.get(build("fp32", "fp32", metric=metric))
    own = held.rebuilt(shared.build)
    assert shared.shares_graph
    assert not own.shares_graph
    means = [one.values(search).mean() for one in (shared, own)]
    assert means[0] == pytest.approx(means[1], abs=0.01)
    assert shared.values(Search(3000)).mean() == 1
    reranked = shared.values(Search(60, rerank=2.0))
    assert reranked.mean() >= means[0]
    assert shared.full_size_bytes(1.0) == own.full_size_bytes(1.0)


def test_centered_codes_share_no_graph_for_cosines(cache, linked):
    """Their rows are linked by l2."""
    centered = Build(vecq.Codec("int8", center=True), None, Graph(16, 100))
    for metric, links in (("cosine", 2), ("l2", 1)):
        linked.clear()
        held = cache(metric)
        assert not held.get(centered).shares_graph
        held.get(build("fp32", metric=metric))
        assert held.get(build("int16", metric=metric)).shares_graph
        assert len(linked) == links


def test_graphs_for_inner_products_are_linked_by_each_codec(cache, linked):
    held = cache("ip")
    held.get(build("int8", metric="ip"))
    held.get(build("fp32", metric="ip"))
    assert len(linked) == 2


def test_a_wider_store_needs_no_second_graph(cache, linked):
    held = cache("ip")
    narrow = held.get(build(metric="ip"))
    assert narrow is held.get(build(rerank_codec="fp32", metric="ip"))
    assert len(linked) == 1
    assert narrow.full_size_bytes(0) < narrow.full_size_bytes(1.5)


def test_where_the_time_of_building_counts_all_are_built(cache, linked):
    held = cache("l2", timed=True)
    held.get(build())
    held.get(build("fp32"))
    held.get(build("fp32", "fp32"))
    assert len(linked) == 3


def test_indexes_are_kept_as_long_as_there_is_room(cache, monkeypatch):
    held = cache("l2")
    builds = [build(m=m) for m in (4, 6, 8, 10, 12)]
    best = held.get(builds[0])
    held.pin(best)
    for one in builds[1:]:
        held.get(one)
    assert all(map(held.find, builds))
    monkeypatch.setattr(index_cache, "MEMORY_SHARE", 0.0)
    held.get(build("fp32", m=4))
    assert [held.find(one) is not None for one in builds] == [True, False, False, False, True]
    assert held.find(build("fp32", m=4))


def test_drawing_at_random_links_each_graph_once(tune, space, linked):
    grid = space(codecs=["int8", "int16", "fp32"])
    options = {"space": grid, "accuracy": RECALL, "metric": "l2", "limits": vecq.Limits(trials=12)}
    found = tune(strategy="random", **options)
    graphs = {one.build.graph for one in found.trials if one.measured}
    assert len({one.build.key() for one in found.trials if one.measured}) > len(graphs)
    assert len(linked) <= len(graphs) + 1  # the chosen one is confirmed


def test_what_cannot_be_confirmed_soon_is_said(tune, space, monkeypatch):
    monkeypatch.setattr(index_cache, "REBUILD_SECONDS", 0.0)
    grid = space(codecs=["int8", "fp32"], m=[8], scans=False)
    options = {"space": grid, "accuracy": RECALL, "metric": "l2", "objective": "memory"}
    assert not tune(**options).shares_graph
    # fp32 comes second, on the graph that int8 failed on.
    hard = {"accuracy": vecq.Relative(0.0001), "strategy": "exhaustive"}
    items = np.random.default_rng(0).standard_normal((2000, 24), np.float32)
    with pytest.warns(vecq.TuningWarning):
        found = tune(items, **options | hard)
    assert found.chosen.build.codec.kind == "fp32"
    assert found.shares_graph
    assert "linked on other codes" in str(found)


def test_what_several_threads_link_is_linked_once_more(tune, space, linked, monkeypatch):
    grid = space(codecs=["int8"], rerank_codecs=[None], m=[8], scans=False)
    options = {"space": grid, "accuracy": RECALL, "strategy": "exhaustive"}
    for name in ("REBUILD_SECONDS", "ALL_REBUILD_SECONDS"):
        monkeypatch.setattr(index_cache, name, float("inf"))
    assert tune(threads=2, **options).met
    assert len(linked) == 2
    tune(threads=1, **options)
    assert len(linked) == 3
    monkeypatch.setattr(index_cache, "REBUILD_SECONDS", 0.0)
    tune(threads=2, **options)
    assert len(linked) == 4
