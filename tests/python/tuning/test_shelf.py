"""What is linked once serves whatever can be searched by the same links."""

import math

import numpy as np
import pytest

import vecq
from vecq.tuning import shelf as shelves
from vecq.tuning.criteria import Recall
from vecq.tuning.limits import Clock
from vecq.tuning.problem import Judge, Problem
from vecq.tuning.queries import Queries
from vecq.tuning.shelf import Shelf
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
def shelf(data, space):
    def make(metric="l2", timed=False, **options):
        queries = Queries(data.queries)
        judge = Judge(queries, data.items, metric, 10, Recall(0.9), 1, Clock(None))
        problem = Problem(
            *(data.items, metric, 10, Recall(0.9), judge, judge, None),
            *(len(data.items), 1, 0),
        )
        return Shelf(problem, space(**options), Clock(None), timed)

    return make


def build(codec="int8", wide=None, m=16, metric="l2"):
    return Build(named(codec, metric), wide, Graph(m, 100))


@pytest.mark.parametrize("metric", ["l2", "cosine"])
def test_codecs_and_wider_stores_share_a_graph(shelf, linked, metric):
    held = shelf(metric)
    first = held.get(build(metric=metric))
    for codec, wide in [("fp32", None), ("int16", None), ("int8", "fp32"), ("fp32", "fp32")]:
        other = held.get(build(codec, wide, metric=metric))
        assert other.borrowed
        assert other.seconds == first.seconds
        assert other.build.codec.kind == codec
    assert len(linked) == 1
    held.get(build(m=8, metric=metric))
    assert len(linked) == 2


@pytest.mark.parametrize("metric", ["l2", "cosine"])
def test_a_shared_graph_finds_what_its_own_would(shelf, metric, monkeypatch):
    monkeypatch.setattr("vecq.tuning.shelf.SOON", math.inf)
    monkeypatch.setattr("vecq.tuning.shelf.TOGETHER", math.inf)
    held, search = shelf(metric), Search(60)
    held.get(build(metric=metric))
    shared = held.get(build("fp32", "fp32", metric=metric))
    own = held.anew(shared.build)
    assert shared.borrowed
    assert not own.borrowed
    means = [one.values(search).mean() for one in (shared, own)]
    assert means[0] == pytest.approx(means[1], abs=0.01)
    assert shared.values(Search(3000)).mean() == 1
    reranked = shared.values(Search(60, rerank=2.0))
    assert reranked.mean() >= means[0]
    assert shared.bytes(1.0) == own.bytes(1.0)


def test_centred_codes_share_no_graph_for_cosines(shelf, linked):
    """Their rows are linked by l2."""
    centred = Build(vecq.Codec("int8", center=True), None, Graph(16, 100))
    for metric, links in (("cosine", 2), ("l2", 1)):
        linked.clear()
        held = shelf(metric)
        assert not held.get(centred).borrowed
        held.get(build("fp32", metric=metric))
        assert held.get(build("int16", metric=metric)).borrowed
        assert len(linked) == links


def test_graphs_for_inner_products_are_linked_by_each_codec(shelf, linked):
    held = shelf("ip")
    held.get(build("int8", metric="ip"))
    held.get(build("fp32", metric="ip"))
    assert len(linked) == 2


def test_a_wider_store_needs_no_second_graph(shelf, linked):
    held = shelf("ip")
    narrow = held.get(build(metric="ip"))
    assert narrow is held.get(build(wide="fp32", metric="ip"))
    assert len(linked) == 1
    assert narrow.bytes(0) < narrow.bytes(1.5)


def test_where_the_time_of_building_counts_all_are_built(shelf, linked):
    held = shelf("l2", timed=True)
    held.get(build())
    held.get(build("fp32"))
    held.get(build("fp32", "fp32"))
    assert len(linked) == 3


def test_indexes_are_kept_as_long_as_there_is_room(shelf, monkeypatch):
    held = shelf("l2")
    builds = [build(m=m) for m in (4, 6, 8, 10, 12)]
    best = held.get(builds[0])
    held.keep(best)
    for one in builds[1:]:
        held.get(one)
    assert all(map(held.find, builds))
    monkeypatch.setattr(shelves, "ROOM", 0.0)
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
    monkeypatch.setattr(shelves, "SOON", 0.0)
    grid = space(codecs=["int8", "fp32"], m=[8], scans=False)
    options = {"space": grid, "accuracy": RECALL, "metric": "l2", "objective": "memory"}
    assert not tune(**options).borrowed
    # fp32 comes second, on the graph that int8 failed on.
    hard = {"accuracy": vecq.Relative(0.0001), "strategy": "exhaustive"}
    items = np.random.default_rng(0).standard_normal((2000, 24), np.float32)
    with pytest.warns(vecq.TuningWarning):
        found = tune(items, **options | hard)
    assert found.chosen.build.codec.kind == "fp32"
    assert found.borrowed
    assert "linked on other codes" in str(found)


def test_what_several_threads_link_is_linked_once_more(tune, space, linked, monkeypatch):
    grid = space(codecs=["int8"], rerank_codecs=[None], m=[8], scans=False)
    options = {"space": grid, "accuracy": RECALL, "strategy": "exhaustive"}
    for name in ("SOON", "TOGETHER"):
        monkeypatch.setattr(shelves, name, float("inf"))
    assert tune(threads=2, **options).met
    assert len(linked) == 2
    tune(threads=1, **options)
    assert len(linked) == 3
    monkeypatch.setattr(shelves, "SOON", 0.0)
    tune(threads=2, **options)
    assert len(linked) == 4
