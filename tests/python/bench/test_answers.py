import math

import numpy as np
import pytest

from vecq.bench.answers import validate
from vecq.bench.recommendation import drop, outcome
from vecq.core.ranking import Truth

TRUTH = Truth([[0, 1, 2], [3, 4, 5]])


def test_right_answers_in_any_order():
    found = validate([[2, 1, 0], [3, 4, 9]], np.zeros((2, 3)), TRUTH, rows=10)
    assert found.recall == pytest.approx(5 / 6)
    assert (found.duplicates, found.short, found.invalid, found.error) == (0, 0, 0, None)


def test_a_repeated_id_counts_once():
    found = validate([[0, 0, 0], [3, 4, 5]], None, TRUTH, rows=10)
    assert found.recall == pytest.approx(4 / 6)
    assert found.duplicates == 2
    assert "repeat" in found.error


def test_missing_ids_are_counted_where_there_are_enough_items():
    assert validate([[0, -1, -1], [3, 4, 5]], None, TRUTH, rows=10).short == 2
    assert validate([[0], [3]], None, TRUTH, rows=10).short == 4
    assert validate([[0, 1, -1]], None, Truth([[0, 1, -1]]), rows=2).short == 0


@pytest.mark.parametrize(
    ("ids", "scores", "error"),
    [
        ([[0, 1, 10], [3, 4, 5]], None, "ids outside the data, 1 times"),
        ([[0, 1, -2], [3, 4, 5]], None, "ids outside the data, 1 times"),
        ([[0, 1, 2], [3, 4, 5]], np.full((2, 3), np.nan), "scores are NaN, 6 times"),
        ([[0, 1, 2], [3, 4, 5]], np.zeros((2, 2)), "scores have shape"),
        ([[0, 1, 2]], None, "ids have shape"),
        ([[0, 1, 2, 3], [3, 4, 5, 6]], None, "ids have shape"),
        ([0, 1], None, "ids have shape"),
        ([[0.0, 1, 2], [3, 4, 5]], None, "expected whole numbers"),
    ],
)
def test_faulty_answers_are_reported(ids, scores, error):
    assert error in validate(ids, scores, TRUTH, rows=10).error


def test_ties_with_the_last_neighbor_count():
    truth = Truth([[0, 1, 2]], [[9.0, 5.0, 5.0]], k=2)
    assert validate([[0, 2]], None, truth, rows=10).recall == 1


def test_outcome_by_hand():
    ids = np.array([[7, 1, 9], [5, 5, 6], [1, 2, 3], [4, 4, 4]])
    heldout = (np.array([0, 2, 3, 4, 4]), np.array([1, 9, 5, 8]))
    found = outcome(ids, heldout)
    assert found["hit_rate"] == pytest.approx(2 / 3)
    assert found["recall"] == pytest.approx((2 / 2 + 1 + 0) / 3)
    first = (1 / math.log2(3) + 1 / 2) / (1 + 1 / math.log2(3))
    assert found["ndcg"] == pytest.approx((first + 1 + 0) / 3)


def test_no_held_out_items_no_outcome():
    assert outcome(np.zeros((2, 3), int), ([0, 0, 0], [])) == {}


def test_seen_ids_are_replaced_by_the_next_ones():
    ids = np.array([[5, 6, 7, 8], [1, 2, -1, -1]])
    seen = (np.array([0, 2, 3]), np.array([6, 5, 2]))
    assert drop(ids, seen, 2).tolist() == [[7, 8], [1, -1]]
