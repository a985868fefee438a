"""Which graphs the basic ladder builds: pilots say where it begins, what it finds where it goes."""

from types import SimpleNamespace

import pytest

import vecq
from vecq.tuning.space import Build, Graph, Search, Space, named
from vecq.tuning.strategies.basic_strategy import _next, _ordered, _suited
from vecq.tuning.strategies.pilots import Pilot
from vecq.tuning.strategies.variants import SearchVariants
from vecq.tuning.trial import Trial


class Bench:
    """Knows what each graph costs, and leads with the cheapest that was built."""

    def __init__(self, space, cost):
        self.space, self.cost, self.leader = space, cost, None

    def build(self, graph):
        trial = Trial(Build(named("int8", "ip"), None, graph), Search(10), "met", 0.95)
        if self.leader is None or self.cost(graph) < self.cost(self.leader.build.graph):
            self.leader = trial


def walked(space, cost, first, rivals=()):
    runner, built = Bench(space, cost), [first]
    runner.build(first)
    for graph in _next(runner, first, list(rivals)):
        built.append(graph)
        runner.build(graph)
    return built


SPACE = Space(m=[8, 12, 16, 24, 32], ef_construction=[50, 100, 200, 400])


def away(graph):
    """How far from where it is best, in m and in ef_construction."""
    return abs(graph.m - 24) / 8 + abs(graph.ef_construction - 50) / 50


def test_it_goes_on_from_what_did_best_and_not_from_where_it_began():
    built = walked(SPACE, away, Graph(8, 200), [Graph(12, 200)])
    assert built[:2] == [Graph(8, 200), Graph(12, 200)]
    assert Graph(24, 50) in built
    assert len(set(built)) == len(built) < len(SPACE.graphs())


def test_it_ends_where_nothing_beside_the_best_is_left():
    first = Graph(24, 50)
    built = walked(SPACE, away, first)
    assert set(built) == {first, Graph(24, 100), Graph(32, 50), Graph(16, 50)}


def test_what_meets_nothing_is_gone_on_from_once():
    runner, first = SimpleNamespace(space=SPACE, leader=None), Graph(8, 400)
    assert list(_next(runner, first, [])) == [Graph(8, 200), Graph(12, 400)]


@pytest.mark.parametrize("space", [Space(m=[16], ef_construction=[100])])
def test_one_graph_has_none_beside_it(space):
    assert walked(space, away, Graph(16, 100)) == [Graph(16, 100)]


PLAIN, CENTRED = (vecq.Codec("int8", center=center) for center in (False, True))


@pytest.mark.parametrize(
    ("plain", "centred", "chosen"), [(100, 300, PLAIN), (300, 100, CENTRED), (100, 100, PLAIN)]
)
def test_codes_that_lose_less_have_to_be_linked_as_well(plain, centred, chosen):
    costs = {PLAIN: plain, CENTRED: centred}
    variants = [SearchVariants(codec, None, ((0.0, 15),)) for codec in (CENTRED, PLAIN)]
    runner = SimpleNamespace(space=Space(), problem=SimpleNamespace(metric="cosine"))
    pilots = SimpleNamespace(one=lambda one, graph: Pilot(costs[one.codec], 1.0))
    assert _suited(runner, variants, pilots).codec is chosen


def test_what_is_alone_of_its_kind_needs_no_pilot():
    runner = SimpleNamespace(space=Space(), problem=SimpleNamespace(metric="cosine"))
    one = SearchVariants(named("fp32", "cosine"), None, ((0.0, 15),))
    assert _suited(runner, [one], None) is one


def test_of_the_first_kind_what_links_best_comes_first():
    costs = {CENTRED: 300, PLAIN: 100}
    pilots = SimpleNamespace(one=lambda one, graph: Pilot(costs[one.codec], 1.0))
    runner = SimpleNamespace(space=Space())
    alone = SearchVariants(CENTRED, None, ((0.0, 15),))
    reranked = SearchVariants(PLAIN, "int16", ((0.0, 15), (1.5, 15)))
    other = SearchVariants(named("fp32", "cosine"), None, ((0.0, 15),))
    assert _ordered(runner, [alone, reranked, other], pilots) == [reranked, alone, other]
    assert _ordered(runner, [alone, other], None) == [alone, other]
    assert _ordered(runner, [], pilots) == []
