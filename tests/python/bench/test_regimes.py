import os
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import numpy as np
import pytest

import vecq
from vecq.bench import numa
from vecq.bench.adapters import chosen
from vecq.bench.contender import Contender
from vecq.bench.machine import machine, private_bytes, versions
from vecq.bench.regimes import Batch, Concurrent, Processes, Single
from vecq.core.cores import nodes

K, SETTING = 5, {"ef": 20}


@pytest.fixture
def enter(data):
    def call(target):
        ((spec,), _) = chosen([], [target])
        contender = Contender(spec, data)
        assert contender.enter(threads=1).error is None
        return contender

    return call


@pytest.mark.parametrize("target", ["broken_indexes:Saved", "hnswlib"])
def test_every_regime_finds_the_same(enter, data, target):
    if target == "hnswlib":
        pytest.importorskip("hnswlib", reason="hnswlib is not installed")
    contender, queries = enter(target), len(data.test)
    regimes = [
        Single(queries),
        Batch(queries, 2),
        Concurrent(queries, 3),
        Processes(queries, 2, seconds=0.2),
    ]
    found = {}
    for regime in regimes:
        assert regime.refusal(contender) is None
        timing = regime.measure(contender, K, SETTING)
        regime.close()
        found[regime.name] = timing.ids
        assert timing.seconds > 0
        if regime.name == "batch":
            assert timing.latencies is None
        else:
            assert len(timing.latencies) == timing.queries
            assert (timing.latencies > 0).all()
    assert regimes[2].threads * queries == 3 * 60
    for ids in found.values():
        assert np.array_equal(np.asarray(ids, np.int64), np.asarray(found["single"], np.int64))


def test_dead_workers_are_reported_and_get_no_more_orders(enter, data):
    regime = Processes(len(data.test), 2, seconds=0.1)
    contender = enter("broken_indexes:DiesInProcesses")
    for _ in range(2):
        with pytest.raises(RuntimeError, match="ended its process"):
            regime.measure(contender, K, SETTING)
    regime.close()


def test_an_error_of_one_worker_fails_the_measurement(enter, data):
    regime = Processes(len(data.test), 2, seconds=0.1)
    with pytest.raises(RuntimeError, match="OSError: no such index"):
        regime.measure(enter("broken_indexes:RaisesInProcesses"), K, SETTING)
    regime.close()


def test_processes_and_files_are_released(enter, data, monkeypatch):
    shared = []
    monkeypatch.setattr(
        "vecq.bench.regimes.worker_pool.SharedMemory",
        lambda *given, **named: shared.append(SharedMemory(*given, **named)) or shared[-1],
    )
    regime = Processes(len(data.test), 1, seconds=0.05)
    regime.measure(enter("broken_indexes:Saved"), K, SETTING)
    folder = Path(regime._folder.name)
    assert len(list(folder.iterdir())) == 1
    regime.close()
    assert not folder.exists()
    assert len(shared) == 2
    assert not any(Path("/dev/shm", one.name).exists() for one in shared)


def test_contenders_without_save_are_refused_with_a_reason(enter, data):
    contender = enter("broken_indexes:Scan")
    assert "has no save and load" in Processes(len(data.test), 1).refusal(contender)
    contender.adapter.concurrent = False
    assert "several threads" in Concurrent(len(data.test), 2).refusal(contender)


PIN = """
import os
from vecq.core.cores import bind, node_of, physical_cores, pin
core = physical_cores()[0]
pin(core)
bind(node_of(core))
assert os.sched_getaffinity(0) == {core}
"""


def test_pinning_and_binding_work_on_this_machine(python):
    result = python(PIN, vecq.cpu().active)
    assert result.returncode == 0, result.stderr
    assert numa.remark().startswith("numa: ")
    assert ("one memory node" in numa.remark()) == (len(nodes()) == 1)


def test_reuse_of_freed_memory_counts_as_growth():
    size, count = 1000, 20_000  # many small pieces, which come from the heap
    pieces = [bytes(size) for _ in range(count)]
    del pieces
    before = private_bytes()
    kept = [bytes(size) for _ in range(count)]
    assert private_bytes() - before > 0.8 * size * len(kept)


def test_the_machine_is_described():
    found = machine()
    assert found["cpu"]
    assert 1 <= found["cores"] <= found["logical_cores"] == len(os.sched_getaffinity(0))
    assert found["memory_bytes"] > 1 << 20
    assert {"python", "numpy", "vecq"} <= set(versions())
