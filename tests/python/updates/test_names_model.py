"""A living index with string ids against a dict: additions, upserts, removals, files, any order."""

import tempfile
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import vecq

DIM = 8
LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
NAMES = st.lists(
    st.one_of(st.text(LETTERS, min_size=1, max_size=9), st.integers(0, 40).map("item-{}".format)),
    min_size=1,
    max_size=20,
    unique=True,
)
SEEDS = st.integers(0, 2**32 - 1)


class Named(RuleBasedStateMachine):
    """What the index should hold is in `items`, in the order in which it came."""

    @initialize()
    def begin(self):
        self.index = vecq.Index(DIM, "l2", "fp32", m=4, ef_construction=20, id_type="str")
        self.items, self.draws = {}, 0

    @rule(names=NAMES, seed=SEEDS)
    def add(self, names, seed):
        rows = self.vectors(len(names), seed)
        if self.items.keys() & set(names):
            with pytest.raises(vecq.ArgumentError, match="taken"):
                self.index.add(rows, names)
            return
        self.index.add(rows, names)
        self.items |= dict(zip(names, rows, strict=True))

    @rule(names=NAMES, seed=SEEDS)
    def upsert(self, names, seed):
        rows = self.vectors(len(names), seed)
        self.index.upsert(rows, names)
        self.items |= dict(zip(names, rows, strict=True))

    @rule(data=st.data(), share=st.sampled_from([0.1, 0.5, 1]))
    def remove(self, data, share):
        names = data.draw(st.permutations(sorted(self.items)))[: int(share * len(self.items))]
        self.index.remove(names)
        for name in names:
            del self.items[name]

    @rule()
    def compact(self):
        self.index.compact()

    @rule()
    def save_and_open(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a.vecq"
            self.index.save(path)
            self.index = vecq.open(path, writable=True)

    @rule(names=NAMES, seed=SEEDS)
    def search_without(self, names, seed):
        found = self.index.search(self.vectors(1, seed), 100, exclude=[names], plan="scan")
        expected = self.items.keys() - set(names)
        assert set(found.ids[0, : found.counts[0]]) == expected

    @invariant()
    def agrees(self):
        index, items = self.index, self.items
        assert index.ids.tolist() == list(items)
        assert ("item-5" in index) == ("item-5" in items)
        assert index.check().ok, str(index.check())
        if items:
            rows = np.array(list(items.values()))
            assert (index.get(list(items)) == rows).all()
            assert index.search(rows, 1, plan="scan").ids[:, 0].tolist() == list(items)

    def vectors(self, count, seed):
        self.draws += 1  # never the same twice: an item is to be found by its own
        rng = np.random.default_rng([seed, self.draws])
        return rng.standard_normal((count, DIM), dtype="float32")


TestNamed = Named.TestCase
TestNamed.settings = settings(
    max_examples=30,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
