import numpy as np
import pytest

import vecq
from vecq.sharding import merge


def parts_of(rng, queries, widths, distinct=10**6, every=3):
    """Results of shards: unique ids, scores in falling order, one row of `every` is shorter."""
    ids = rng.permutation(distinct)[: queries * sum(widths)].reshape(queries, -1)
    parts, first = [], 0
    for width in widths:
        own = ids[:, first : first + width].astype(np.int64)
        scores = -np.sort(-rng.standard_normal((queries, width)).astype(np.float32), axis=1)
        for row in range(0, queries, every):
            own[row, width // 2 :], scores[row, width // 2 :] = -1, -np.inf
        parts.append((own, scores))
        first += width
    return parts


def oracle(parts, k):
    for row in range(len(parts[0][0])):
        pairs = [
            (-score, shard, place, item)
            for shard, (ids, scores) in enumerate(parts)
            for place, (item, score) in enumerate(zip(ids[row], scores[row], strict=True))
            if item >= 0
        ]
        best = {}
        for score, _, _, item in sorted(pairs):
            best.setdefault(item, -score)
        yield list(best.items())[:k]


@pytest.mark.parametrize("widths", [[5], [5, 5], [7, 0, 3, 9], [1] * 16, [40] * 8])
@pytest.mark.parametrize("k", [1, 5, 40])
@pytest.mark.parametrize("every", [3, 20])
def test_the_best_of_all_shards_come_first(widths, k, every):
    parts = parts_of(np.random.default_rng(0), 20, widths, every=every)
    if every == 20:  # no row is short: results that cannot be among the best are cut off
        parts = [(ids[1:], np.round(scores[1:], 1)) for ids, scores in parts]
    ids, scores, counts = merge(parts, k)
    assert ids.shape == scores.shape == (len(parts[0][0]), k)
    for row, expected in enumerate(oracle(parts, k)):
        count = counts[row]
        found = zip(ids[row, :count].tolist(), scores[row, :count].tolist(), strict=True)
        assert list(found) == expected
        assert (ids[row, count:] == -1).all()
        assert np.isneginf(scores[row, count:]).all()


def test_items_of_equal_score_keep_the_order_of_the_shards():
    ones = np.ones((1, 2), np.float32)
    ids, _, _ = merge([(np.array([[9, 8]]), ones), (np.array([[1, 2]]), ones)], 3)
    assert ids.tolist() == [[9, 8, 1]]


def test_an_id_of_several_shards_is_returned_once_with_its_best_score():
    rng = np.random.default_rng(1)
    parts = parts_of(rng, 9, [6, 6, 6])
    for _, (ids, _) in enumerate(parts):
        ids[ids >= 0] %= 8
    ids, scores, counts = merge(parts, 5)
    for row, expected in enumerate(oracle(parts, 5)):
        assert counts[row] == len(expected)
        pairs = zip(ids[row, : counts[row]], scores[row, : counts[row]], strict=True)
        assert list(pairs) == expected


def test_parts_must_have_equal_numbers_of_queries(refuse):
    part = np.zeros((2, 1), np.int64), np.zeros((2, 1), np.float32)
    other = np.zeros((3, 1), np.int64), np.zeros((3, 1), np.float32)
    refuse("parts", "equal numbers", merge, [part, other], 1)
    refuse("parts", "equal numbers", merge, [], 1)


def test_no_queries_have_no_results():
    none = np.empty((0, 3), np.int64), np.empty((0, 3), np.float32)
    assert merge([none, none], 4)[0].shape == (0, 4)


def test_merging_equals_one_search_over_all_items():
    rng = np.random.default_rng(2)
    items = rng.standard_normal((900, 24), dtype=np.float32)
    users = rng.standard_normal((30, 24), dtype=np.float32)
    whole = vecq.Index(24, "ip").add(items).search(users, 50, plan="scan")
    parts = []
    for first in range(0, 900, 300):
        ids = np.arange(first, first + 300)
        index = vecq.Index(24, "ip").add(items[ids], ids)
        parts.append(tuple(index.search(users, 50, plan="scan")))
    ids, scores, _ = merge(parts, 50)
    np.testing.assert_array_equal(scores, whole.scores)
    np.testing.assert_array_equal(ids, whole.ids)
