"""Small indexes of every metric and codec, and a check of every answer against all scores."""

import functools

import numpy as np
import pytest

import vecq

METRICS = ["ip", "cosine", "l2"]
KINDS = ["fp32", "fp16", "int16", "int8"]
DIM, COUNT = 16, 1500


class World:
    """An index of 1,500 items with row numbers as ids, queries, and all scores on its codes."""

    def __init__(self, metric, kind):
        rng = np.random.default_rng(0)
        centres = rng.standard_normal((20, DIM))
        rows = centres[rng.integers(20, size=COUNT + 40)] + 0.6 * rng.standard_normal(
            (COUNT + 40, DIM)
        )
        rows *= rng.lognormal(0, 0.3, (len(rows), 1))
        self.items, self.queries = np.split(rows.astype(np.float32), [COUNT])
        self.items[700:720] = self.items[0]  # equal rows and zero rows
        self.items[720:730] = 0
        codec = vecq.Codec.of(kind, metric=metric)
        if codec.needs_fit:
            codec.fit(self.items)
        self.metric, self.exact_codes = metric, kind in ("int8", "int16")
        self.index = vecq.Index(DIM, metric, codec, m=8, ef_construction=40).add(self.items)
        self.codec, self.codes = codec, codec.encode(self.items)
        self.scores = self.scores_of(self.queries)

    def scores_of(self, queries):
        return self.codec.score(self.codes, queries, self.metric)

    def choices(self, seed, queries, allowed, denied, excluded):
        """Options that choose a share of all items each, and what passes all of them."""
        rng, n = np.random.default_rng(seed), len(self.items)
        passing, options = np.ones((queries, n), bool), {}
        if allowed is not None:
            options["allow"] = rng.random(n) < allowed
            passing &= options["allow"]
        if denied is not None:
            chosen = np.flatnonzero(rng.random(n) < denied)
            options["deny"] = np.concatenate([chosen, chosen[:9], [-1, n, 2**62]])
            passing[:, chosen] = False
        if excluded is not None:
            own = [np.flatnonzero(rng.random(n) < excluded * rng.random()) for _ in range(queries)]
            for row, ids in zip(passing, own, strict=True):
                row[ids] = False
            options["exclude"] = [np.concatenate([ids, ids[::3], [n, -5]]) for ids in own]
        return passing, options

    def check(self, result, passing, best=False, queries=slice(None), scores=None):
        """`passing` tells of each item, or of each item for each query, whether it may be found."""
        scores = self.scores[queries] if scores is None else scores
        passing = np.broadcast_to(passing, scores.shape)
        k = result.ids.shape[1]
        slack = self.slack
        for ids, found, count, may, all_ in zip(
            result.ids, result.scores, result.counts, passing, scores, strict=True
        ):
            assert count == min(k, may.sum())
            assert may[ids[:count]].all()
            assert len(set(ids[:count])) == count
            assert (ids[count:] == -1).all()
            assert (found[count:] == -np.inf).all()
            assert (found[:-1] >= found[1:]).all()
            np.testing.assert_allclose(found[:count], all_[ids[:count]], rtol=0, atol=slack)
            if best:
                np.testing.assert_allclose(
                    found[:count], -np.sort(-all_[may])[:count], rtol=0, atol=slack
                )

    @property
    def slack(self):
        return 0 if self.exact_codes else 1e-5 * np.abs(self.scores).max()


@functools.cache
def made(metric, kind):
    return World(metric, kind)


@pytest.fixture(params=METRICS)
def metric(request):
    return request.param


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def world(metric, kind):
    return made(metric, kind)


@pytest.fixture
def small(metric):
    """One index per metric, on int8 codes."""
    return made(metric, "int8")
