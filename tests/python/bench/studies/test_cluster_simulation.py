import math

import pytest
from studies.cluster_simulation import Machine, capacity, drawings, fitting_groups, simulate

EVEN = Machine(cores=4, sigma=0.0, network_sigma=0.0, network_us=100.0, search_us=1000.0)


def test_without_waiting_a_query_takes_its_search_and_the_network():
    found = simulate(EVEN, 1, 1, EVEN.base_items, load=1e-6, queries=200)
    assert found.p50 == pytest.approx(1.1e-3)
    assert found.p99 == pytest.approx(1.1e-3)
    sharded = simulate(EVEN, 8, 8, 8 * EVEN.base_items, load=1e-6, queries=200)
    assert sharded.p50 == pytest.approx(1.1e-3 + 8e-6 * EVEN.merge_us)


def test_queues_as_theory_has_them():
    """M/D/1 at half load: the mean wait is half a service time, so the median query waits less."""
    one = Machine(cores=1, sigma=0.0, network_us=0.0, search_us=1000.0)
    found = simulate(one, 1, 1, one.base_items, load=0.5, queries=20_000)
    assert 1.0e-3 <= found.p50 < 1.5e-3
    assert 2e-3 < found.p99 < 6e-3


def test_capacity_and_groups():
    assert capacity(EVEN, 1, 1, EVEN.base_items) == pytest.approx(4000)
    assert capacity(EVEN, 8, 2, 2 * EVEN.base_items) == pytest.approx(4 * 4000)
    items = 0.7 * EVEN.memory_bytes / EVEN.bytes_per_item
    assert fitting_groups(EVEN, 0.99 * items) == 1
    assert fitting_groups(EVEN, 1.01 * items) == 2
    slower = EVEN.seconds(2 * EVEN.base_items) / EVEN.seconds(EVEN.base_items)
    assert slower == pytest.approx(1 + EVEN.growth)


def test_the_plots_say_that_they_are_a_simulation():
    found = dict(drawings(Machine(cores=2)))
    assert sorted(found) == ["cluster-p50", "cluster-p99", "cluster-qps"]
    for drawn in found.values():
        assert "simulation" in drawn.title.lower()
        assert drawn.description.startswith("A simulation")
        assert all(math.isfinite(mark.y) for one in drawn.series for mark in one.marks)
