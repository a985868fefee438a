"""Recall, hit rate and NDCG, against values computed by hand."""

import math

import numpy as np
import pytest

from vecq.core.ranking import Truth, choice_recalls, hit_rates, ndcgs, recall


def test_ties_with_the_last_neighbor_count():
    truth = Truth([[4, 7, 2, 0]], [[9.0, 5.0, 5.0, 1.0]], k=2)
    assert truth.recalls([[4, 2]]) == [1.0]
    assert truth.recalls([[7, 2]]) == [1.0]
    assert truth.recalls([[4, 0]]) == [0.5]
    assert Truth([[4, 7, 2, 0]], k=2).recalls([[4, 2]]) == [0.5]


def test_a_repeated_id_counts_once():
    assert Truth([[0, 1, 2]]).recalls([[0, 0, 0]]) == pytest.approx([1 / 3])
    assert Truth([[0, 1, 2]], [[3.0, 1.0, 1.0]], k=2).recalls([[1, 1]]) == [0.5]


def test_ids_of_no_item_are_wrong_for_every_query():
    truth = Truth([[0, 1], [2, 3]])
    assert truth.recalls([[4, 5], [-1, 2]]).tolist() == [0.0, 0.5]
    assert truth.recalls([[2, 3], [0, 1]]).tolist() == [0.0, 0.0]


def test_queries_with_fewer_items_weigh_less():
    truth = Truth([[0, 1, 2, 3], [4, -1, -1, -1]])
    assert truth.recalls([[0, 1, -1, -1], [4, -1, -1, -1]]).tolist() == [0.5, 1.0]
    assert truth.recall([[0, 1, -1, -1], [4, -1, -1, -1]]) == pytest.approx(3 / 5)


def test_recall_of_nothing_is_nothing():
    assert recall(np.empty((0, 3), int), np.empty((0, 3), int)) == 0
    assert Truth([[-1, -1]]).recall([[0, 1]]) == 0


def test_recall_agrees_with_sets():
    rng = np.random.default_rng(0)
    found, truth = (np.stack([rng.permutation(40)[:10] for _ in range(50)]) for _ in range(2))
    expected = [len(set(a) & set(b)) / 10 for a, b in zip(found, truth, strict=True)]
    assert Truth(truth).recalls(found) == pytest.approx(expected)


def test_choices_by_hand():
    found = np.array([[7, 1, 9], [5, 5, 6], [1, 2, 3]])
    chosen = [[1, 9], [5], [8]]
    assert hit_rates(found, chosen).tolist() == [1, 1, 0]
    assert choice_recalls(found, chosen).tolist() == [1, 1, 0]
    first = (1 / math.log2(3) + 1 / 2) / (1 + 1 / math.log2(3))
    assert ndcgs(found, chosen) == pytest.approx([first, 1, 0])
