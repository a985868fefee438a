"""A living index against a dict: additions, updates, removals, searches, files, in any order."""

import tempfile
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import vecq

DIM = 8
IDS = st.lists(st.integers(0, 60), min_size=1, max_size=30, unique=True)
SEEDS = st.integers(0, 2**32 - 1)


class Living(RuleBasedStateMachine):
    """What the index should hold is in `items`, in the order in which it came."""

    metric = "l2"

    @initialize(
        codec=st.sampled_from(["int8", "fp32"]), rerank_codec=st.sampled_from([None, "fp16"])
    )
    def begin(self, codec, rerank_codec):
        self.index = vecq.Index(
            DIM, self.metric, codec, m=4, ef_construction=20, rerank_codec=rerank_codec
        )
        self.items = {}
        self.largest, self.draws = -1, 0
        self.filter, self.passing = None, set()

    @rule(ids=IDS, seed=SEEDS)
    def add(self, ids, seed):
        rows = self.vectors(len(ids), seed)
        if self.items.keys() & set(ids):
            with pytest.raises(vecq.ArgumentError, match="taken"):
                self.index.add(rows, ids)
            return
        self.index.add(rows, ids)
        self.note(ids, rows)

    @rule(count=st.integers(1, 30), seed=SEEDS)
    def add_next(self, count, seed):
        rows = self.vectors(count, seed)
        self.index.add(rows)
        self.note(range(self.largest + 1, self.largest + 1 + count), rows)

    @rule(ids=IDS, seed=SEEDS)
    def update(self, ids, seed):
        rows = self.vectors(len(ids), seed)
        self.index.upsert(rows, ids)
        self.note(ids, rows)

    @rule(data=st.data(), share=st.sampled_from([0.1, 0.5, 1]))
    def remove(self, data, share):
        count = int(share * len(self.items))
        ids = data.draw(st.permutations(sorted(self.items)))[:count]
        self.index.remove(np.array(ids, np.int64))
        for gone in ids:
            del self.items[gone]
            self.passing.discard(gone)

    @rule(id=st.integers(61, 99))
    def remove_none(self, id):
        if id in self.items:
            return
        with pytest.raises(vecq.ArgumentError, match="not in the index"):
            self.index.remove([*list(self.items)[:3], id])

    @rule(listed=st.booleans())
    def prepare_filter(self, listed):
        self.passing = {id for id in self.items if id % 3 != 0}
        self.later = not listed
        if listed:
            self.filter = vecq.Filter(self.index, allow=sorted(self.passing))
        else:
            self.filter = vecq.Filter(self.index, deny=[id for id in self.items if id % 3 == 0])

    @rule()
    def save_and_open(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a.vecq"
            self.index.save(path)
            self.index = vecq.open(path, writable=True)
            assert self.index.check().ok
        self.filter = None

    @rule(seed=SEEDS, k=st.integers(1, 80), plan=st.sampled_from(["walk", "scan", "step_over"]))
    def search(self, seed, k, plan):
        queries = self.vectors(3, seed)
        for allow, expected in ((None, set(self.items)), (self.filter, self.passing)):
            if allow is None and expected is self.passing:
                continue
            found = self.index.search(queries, k, plan=plan, allow=allow)
            assert (found.counts == min(k, len(expected))).all()
            for ids, count in zip(found.ids, found.counts, strict=True):
                assert len(set(ids[:count])) == count
                assert set(ids[:count]) <= expected

    @invariant()
    def agrees(self):
        index, items = self.index, self.items
        assert len(index) == len(items)
        assert list(index.ids) == list(items)
        stats = index.stats()
        assert stats.rows == len(items) == stats.degrees.sum()
        assert (5 in index) == (5 in items)
        if not items:
            return
        rows = np.array(list(items.values()))
        np.testing.assert_allclose(index.get(list(items)), rows, atol=0.1)
        best = index.search(rows, 1, ef=len(items), query_bits=15)
        if self.metric != "ip":
            assert (best.ids[:, 0] == list(items)).mean() > 0.97
        if self.filter is not None:
            assert len(self.filter) == len(self.passing)
        mask = np.arange(len(items)) % 2 == 0
        found = index.search(rows[:1], len(items), allow=mask)
        assert set(found.ids[0, : found.counts[0]]) == set(list(items)[::2])

    @invariant()
    def is_sound(self):
        found = self.index.check()
        assert found.ok, str(found)

    def vectors(self, count, seed):
        # Never the same twice: an item is to be found by its own.
        self.draws += 1
        rng = np.random.default_rng([seed, self.draws])
        return rng.standard_normal((count, DIM), dtype="float32")

    def note(self, ids, rows):
        for id, row in zip(ids, rows, strict=True):
            if id not in self.items and self.filter is not None and self.later:
                self.passing.add(id)
            self.items[id] = row
            self.largest = max(self.largest, id)


class LivingIp(Living):
    metric = "ip"


class LivingCosine(Living):
    metric = "cosine"


FEW = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestL2 = Living.TestCase
TestIp = LivingIp.TestCase
TestCosine = LivingCosine.TestCase
TestL2.settings = TestIp.settings = TestCosine.settings = FEW
