"""Generated recommendations: deterministic, by blocks, and with realistic properties."""

import numpy as np
import pytest

from vecq import datasets
from vecq.datasets.population import BLOCK, HELD_OUT, LEAST, Population


@pytest.fixture(scope="module")
def data():
    return datasets.recommendations(20_000, 32, 400, k=100, progress=False)


def test_generation_is_deterministic(data):
    again = datasets.recommendations(20_000, 32, 400, k=100, progress=False)
    for name, array in data.arrays().items():
        np.testing.assert_array_equal(array, again.arrays()[name])
    other = datasets.recommendations(20_000, 32, 400, seed=1, k=100, progress=False)
    assert not np.array_equal(other.train[:5], data.train[:5])


def test_blocks_are_all_items(data):
    blocks = list(Population(20_000, 32, 400).items())
    assert [len(block) for block in blocks] == [BLOCK, 20_000 - BLOCK]
    assert all(block.dtype == np.float32 for block in blocks)
    np.testing.assert_array_equal(np.concatenate(blocks), data.train)


def test_blocks_are_generated_lazily():
    assert next(Population(100_000_000, 8).items()).shape == (BLOCK, 8)


@pytest.mark.parametrize("vectors", ["npy", "fbin", "fvecs"])
def test_folders_hold_the_same(data, tmp_path, vectors):
    options = {"k": 100, "vectors": vectors, "progress": False}
    written = datasets.write_recommendations(tmp_path / "a", 20_000, 32, 400, **options)
    for found in (written, datasets.load(tmp_path / "a")):
        assert found.metric == "ip"
        for name, array in data.arrays().items():
            np.testing.assert_array_equal(array, found.arrays()[name])


def test_norms_differ_widely(data):
    logs = np.log(np.linalg.norm(data.train, axis=1))
    assert logs.std() == pytest.approx(0.5, abs=0.05)
    skew = ((logs - logs.mean()) ** 3).mean() / logs.std() ** 3
    assert abs(skew) < 0.2


def test_few_directions_hold_almost_all():
    train = np.concatenate(list(Population(5000, 128).items()))
    train /= np.linalg.norm(train, axis=1, keepdims=True)
    shares = np.linalg.eigvalsh(np.cov(train.T))[::-1]
    assert shares[:48].sum() / shares.sum() > 0.95
    assert shares[:4].sum() / shares.sum() < 0.5


def test_items_lie_in_clusters_of_which_few_are_large(data):
    train = data.train / np.linalg.norm(data.train, axis=1, keepdims=True)
    probes = np.random.default_rng(0).choice(len(train), 200, replace=False)
    near = (train[probes] @ train.T > 0.6).sum(axis=1)
    assert np.percentile(near, 95) > 10 * max(1, np.percentile(near, 20))


def test_users_are_of_another_distribution_than_items(data):
    items, users = (
        rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (data.train, data.test)
    )
    assert np.linalg.norm(users.mean(axis=0) - items.mean(axis=0)) > 0.2
    spread = [np.log(np.linalg.norm(rows, axis=1)).std() for rows in (data.train, data.test)]
    assert spread[1] < spread[0] / 2


def test_users_choose_items_of_high_score(data):
    scores = data.test @ data.train.T
    ranks = []
    for user, row in enumerate(scores):
        better = row[data.heldout.row(user), None] < row
        ranks.extend(better.mean(axis=1))
    assert np.median(ranks) < 0.1  # chance would be a half


def test_recommending_finds_some_of_what_is_held_out(data):
    scores = data.test @ data.train.T
    for user in range(len(scores)):
        scores[user, data.seen.row(user)] = -np.inf
    top = np.argsort(-scores, axis=1)[:, :20]
    recall = np.mean(
        [np.isin(data.heldout.row(user), best).mean() for user, best in enumerate(top)]
    )
    assert 0.05 < recall < 0.6


def test_seen_and_held_out_items_are_disjoint(data):
    assert len(data.seen.indptr) == len(data.heldout.indptr) == 401
    for user in range(400):
        seen, heldout = data.seen.row(user), data.heldout.row(user)
        both = np.concatenate([seen, heldout])
        assert len(set(both)) == len(both) >= LEAST
        assert len(heldout) == round(HELD_OUT * len(both))


def test_sampling_follows_scores():
    """The ratio of sampling frequencies is the exponential of the difference of scores."""
    population = Population(40, 2, 20_000)
    seen, heldout = population.interactions(progress=False)
    items = np.concatenate(list(population.items()))
    liked = np.argsort(-(population.queries @ items.T), axis=1)
    chosen = np.zeros(liked.shape, bool)
    users = np.arange(len(liked))
    for lists in (seen, heldout):
        chosen[np.repeat(users, np.diff(lists.indptr)), lists.indices] = True
    by_rank = np.take_along_axis(chosen, liked, axis=1).mean(axis=0)
    assert by_rank[0] > by_rank[10] > by_rank[20] > by_rank[39]
    assert by_rank.min() > 0


def test_progress_counts_all_items():
    seen = []
    datasets.recommendations(
        20_000, 8, 5, k=0, progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(BLOCK, 20_000), (20_000, 20_000)]


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        *[("rows", value) for value in (0, 19, -1, 2**31, 1.5, "a")],
        *[("dim", value) for value in (1, 65536, None)],
        *[("users", value) for value in (0, 1.5)],
        *[("seed", value) for value in (-1, 0.5)],
        *[("k", value) for value in (-1, 0.5)],
    ],
)
def test_bad_arguments_are_named(argument, value, refuse):
    given = {"rows": 100, "dim": 4, "users": 3, argument: value}
    refuse(argument, "whole number", datasets.recommendations, **given)


def test_formats_that_cannot_be_mapped_are_refused(tmp_path, refuse):
    for vectors in ("parquet", "u8bin", ".npy"):
        refuse(
            *("vectors", "npy, fbin, fvecs"),
            *(datasets.write_recommendations, tmp_path / "a", 100, 4, 3),
            vectors=vectors,
        )


@pytest.mark.parametrize("rows", [20, 21, 999])
def test_small_worlds(rows):
    data = datasets.recommendations(rows, 2, 1, k=5, progress=False).check()
    assert data.train.shape == (rows, 2)
    assert len(data.seen.row(0)) + len(data.heldout.row(0)) >= LEAST


def test_the_demo():
    demo = datasets.load("recsys-demo")
    assert (demo.name, demo.train.shape, demo.test.shape) == (
        "recsys-demo",
        (50_000, 64),
        (2000, 64),
    )
    assert demo.neighbors.shape == (2000, 1000)
    assert demo.seen is not None
    assert demo.heldout is not None
