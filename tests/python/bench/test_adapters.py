import importlib.util

import numpy as np
import pytest

from vecq.bench.adapters import PEERS, Adapter, chosen
from vecq.bench.adapters import spec as spec_module
from vecq.bench.adapters.ladders import doublings, probes, widths
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


FATES = {}
PROBED = ("faiss IVF-PQ fast scan", "faiss IVF RaBitQ", "rabitq IVF", "scann")


def skip_if_it_crashes(spec):
    """Build in a subprocess, once for each adapter: only a crash of its process is a reason."""
    name = spec.make().name
    if not spec.make().apart:
        return
    if name not in FATES:
        guest = SubprocessContender(spec, heavy_tailed(1500, 24, 40))
        FATES[name] = guest.enter(threads=1).error or ""
        guest.close()
    if "its process (" in FATES[name]:
        pytest.skip(f"{name} does not run on this machine: {FATES[name]}")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the peers themselves
@pytest.mark.parametrize("metric", ["ip", "cosine", "l2"])
@pytest.mark.parametrize("spec", list(adapters()))
def test_peers_reach_high_recall(tmp_path, spec, metric):
    skip_if_it_crashes(spec)
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
    assert recalls[1] >= recalls[0]
    assert recalls[1] > (0.6 if adapter.codec in ("int8", "pq4", "rabitq4", "rabitq8") else 0.9)
    if adapter.shared:
        again = spec.make()
        adapter.save(tmp_path / "saved")
        again.load(tmp_path / "saved", metric, contender.queries.shape[1], len(data.train))
        again.set(ladder[-1], K, 2)
        assert np.mean(again.ids(again.search(contender.queries, K)) == adapter.ids(answer)) > 0.99
    adapter.close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("spec", [one for one in adapters() if one.id in PROBED])
def test_peers_return_missing_neighbors_as_minus_one(spec):
    skip_if_it_crashes(spec)
    data = heavy_tailed(1500, 24, 5)
    contender = Contender(spec, data)
    assert contender.enter(threads=2).error is None
    adapter = contender.adapter
    adapter.set(adapter.ladder(300, 1500)[0], 300, 1)
    ids = adapter.ids(adapter.search(contender.queries, 300))
    found = validate(ids, None, ground_truth(data, 300).at(300), 1500)
    adapter.close()
    assert (found.error, found.invalid, found.duplicates) == (None, 0, 0)


def test_several_m_vary_other_build_settings_too():
    named = PEERS["scann"] + PEERS["rabitq"][:1] + PEERS["rabitq"][3:]
    one = [each.make() for spec in named for each in spec.variants([24], 64)]
    assert [adapter.name for adapter in one] == [
        *("scann", "rabitq SymphonyQG FP32", "rabitq HNSW 8 bit M=24", "rabitq IVF")
    ]
    several = [each.make() for spec in named for each in spec.variants([16, 24], 64)]
    assert [adapter.name.removeprefix(adapter.system) for adapter in several] == [
        *(" rows_per_leaf=100", " rows_per_leaf=400", " max_degree=32", " max_degree=64"),
        *(" M=16", " M=24", *(f" bits={b} rows_per_list={r}" for b in (4, 8) for r in (100, 400))),
    ]
    assert [adapter.settings.get("ef_construction") for adapter in several[2:6]] == [64] * 4


def test_packages_that_do_not_import_are_noted(tmp_path, monkeypatch):
    (tmp_path / "scann.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGILL)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    spec_module._import_fault.cache_clear()
    specs, notes = chosen([], ["scann"])
    spec_module._import_fault.cache_clear()
    assert specs == []
    assert notes == [
        "scann skipped: scann does not import on this machine: exit code -4, no message"
    ]


def test_ladders_rise_from_k():
    assert [probes(1), probes(2), probes(10)] == [[1], [1, 2], [1, 2, 4, 8, 10]]
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
    peers = ["hnswlib", "faiss", "svs", "usearch", "vsag", "zvec", "rabitq"]
    specs, _ = chosen(["fp32", "int8"], peers, [8], ef_construction=64)
    graphs = [spec.make() for spec in specs if {"m", "ef_construction"} & set(spec.options)]
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
        (["int9"], [], "codecs", "has 'int9', expected fp32, fp16, int16, int12, int8, int4"),
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
