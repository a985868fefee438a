"""Interleaved timing, filters of peers and insert speeds, on tiny data sets."""

import pytest
from studies.timing import interleaved

import vecq
from vecq.datasets.synthetic import clustered


def test_works_are_interleaved_in_random_order():
    calls = []
    works = {name: lambda name=name: calls.append(name) for name in "abcd"}
    times = interleaved(works, 4)
    rounds = [calls[at : at + 4] for at in range(0, 20, 4)]
    assert [sorted(one) for one in rounds] == 5 * [list("abcd")]
    assert len({tuple(one) for one in rounds}) > 1
    assert all(len(time.seconds) == 4 for time in times.values())
    assert times["a"].spread >= 0


def test_filters_of_peers_are_measured_in_every_form(monkeypatch):
    pytest.importorskip("hnswlib", reason="hnswlib is not installed")
    from studies import filter_peers

    monkeypatch.setattr(filter_peers, "EFS", (64, 512))
    data = clustered(2000, 16, 40)
    index = vecq.Index(16, data.metric).add(data.train, progress=False)
    found = filter_peers.against_peers(data, index, 0.2, 0.9, 1)
    assert found["share"] == 0.2
    for system in ("vecq", "hnswlib", "faiss"):
        assert found["best"][system]["recall"] >= 0.9
        assert found["best"][system]["qps"]["median"] > 0


def test_inserts_are_compared_at_equal_recall():
    from studies.living import at_equal_recall

    own, peer = [(0.8, 400.0), (0.9, 100.0)], [(0.7, 400.0), (0.8, 200.0)]
    level, mine, its = at_equal_recall(own, peer)
    assert (level, mine, its) == (0.8, pytest.approx(400), pytest.approx(200))
    # More effort that finds no more does not count, nor does a slower start above the level.
    flat, above = [(0.9, 300.0), (0.9, 100.0)], [(1.0, 50.0), (1.0, 200.0), (0.95, 70.0)]
    level, mine, its = at_equal_recall(flat, above)
    assert (level, mine, its) == (0.9, pytest.approx(300), pytest.approx(200))


@pytest.mark.parametrize("system", ["Vecq", "Hnswlib"])
def test_inserts_have_a_recall(system, monkeypatch):
    pytest.importorskip("hnswlib", reason="hnswlib is not installed")
    from studies import living

    for name, value in (("SINGLES", 20), ("INSERTS_PER_ROUND", 10), ("EFFORTS", (50, 100))):
        monkeypatch.setattr(living, name, value)
    curves = living.inserts(getattr(living, system), 500, 16)
    for curve in curves.values():
        assert all(recall > 0.5 and rate > 0 for recall, rate in curve)
