import importlib.util

import numpy as np
import pytest

from vecq.bench.adapters import PEERS, Adapter, chosen
from vecq.bench.adapters.ladders import doublings, widths
from vecq.bench.answers import validate
from vecq.bench.contender import Contender
from vecq.bench.subprocess_contender import SubprocessContender
from vecq.bench.truth import ground_truth
from vecq.datasets import heavy_tailed

K = 10
SPECS = [spec for specs in PEERS.values() for spec in specs]


def adapters():
    for spec in SPECS:
        adapter = spec.make()
        missing = importlib.util.find_spec(adapter.module) is None
        reason = f"{adapter.name}: package {adapter.package} is not installed"
        yield pytest.param(spec, id=adapter.name, marks=pytest.mark.skipif(missing, reason=reason))


def fate_of(spec, metric):
    """Build a contender in a subprocess, and return its error."""
    guest = SubprocessContender(spec, heavy_tailed(1500, 24, 40, metric=metric))
    error = guest.enter(threads=2).error
    guest.close()
    return error


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the peers themselves
@pytest.mark.parametrize("metric", ["ip", "cosine", "l2"])
@pytest.mark.parametrize("spec", list(adapters()))
def test_peers_reach_high_recall(spec, metric):
    if spec.make().apart and (fault := fate_of(spec, metric)):
        pytest.skip(f"{spec.make().name} does not run on this machine: {fault}")
    data = heavy_tailed(1500, 24, 40, metric=metric)
    data.train[:] /= np.linalg.norm(data.train, axis=1, keepdims=True) ** 0.5
    contender = Contender(spec, data)
    record = contender.enter(threads=2)
    assert record.error is None
    assert record.seconds > 0
    assert record.bytes_per_vector > 0
    adapter = contender.adapter
    ladder, recalls = adapter.ladder(K, len(data.train)), []
    for setting in (ladder[0], ladder[-1]):
        adapter.set(setting, K, 1)
        answer = adapter.search(contender.queries, K)
        ids, scores = adapter.ids(answer), adapter.scores(answer)
        found = validate(ids, scores, ground_truth(data, K).at(K), len(data.train))
        assert found.error is None
        recalls.append(found.recall)
    adapter.close()
    assert recalls[1] >= recalls[0]
    assert recalls[1] > (0.6 if adapter.codec in ("int8", "pq4") else 0.9)


def test_ladders_rise_from_k():
    assert doublings(10, 40) == [10, 14, 20, 28, 40]
    assert doublings(5, 5) == [5]
    for k in (1, 10, 100, 1000):
        ladder = widths(k)
        assert ladder[0] == k
        assert ladder[-1] >= 8 * k - 1
        assert ladder == sorted(ladder)


def test_contenders_are_chosen_by_name():
    specs, notes = chosen(["int8", "int8+fp16"], ["hnswlib", "faiss HNSWFlat"], [8, 16])
    names = [spec.make().name for spec in specs]
    assert names[:2] == ["vecq int8", "vecq int8+fp16"]
    if not notes:
        assert names[2:] == [
            f"{name} M={m}" for name in ("hnswlib FP32", "faiss HNSWFlat") for m in (8, 16)
        ]
        assert [spec.make().system for spec in specs[2:4]] == 2 * ["hnswlib FP32"]


def test_all_graphs_are_built_with_one_beam_width():
    peers = ["hnswlib", "faiss", "svs", "usearch", "vsag", "zvec"]
    specs, _ = chosen(["fp32", "int8"], peers, [8], ef_construction=64)
    graphs = [spec.make() for spec in specs if spec.make().family == "vecq" or "m" in spec.options]
    assert len(graphs) >= 2
    assert all(64 in adapter.settings.values() for adapter in graphs)


def test_missing_packages_are_noted(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    specs, notes = chosen([], ["usearch"])
    assert specs == []
    assert notes == [
        f"usearch {codec} skipped: package usearch is not installed (pip install usearch)"
        for codec in ("fp32", "int8")
    ]


@pytest.mark.parametrize(
    ("codecs", "peers", "argument", "message"),
    [
        (["int9"], [], "codecs", "has 'int9', expected fp32, fp16, int16, int12, int8"),
        (["int8+x"], [], "codecs", "has 'int8.x'"),
        ([], ["annoy"], "peers", "has 'annoy', expected one of hnswlib, faiss"),
        ([], ["nowhere:Index"], "peers", "can't be loaded: ModuleNotFoundError"),
        ([], ["broken_indexes:Nothing"], "peers", "can't be loaded: AttributeError"),
        ([], [":Index"], "peers", "can't be loaded"),
        ([], ["broken_indexes:NOT_AN_ADAPTER"], "peers", "expected a subclass of"),
        ([], ["broken_indexes:Scan", "broken_indexes:Scan"], "peers", "Scan' more than once"),
        (["int8", "int8"], [], "peers", "'vecq int8' more than once"),
    ],
)
def test_unknown_names_are_refused(refuse, codecs, peers, argument, message):
    refuse(argument, message, chosen, codecs, peers)


def test_an_adapter_can_be_saved_once_it_can_be_loaded(tmp_path):
    assert not Adapter().shared
    with pytest.raises(NotImplementedError, match="has no adapter for saved indexes"):
        Adapter().save(tmp_path / "x")
