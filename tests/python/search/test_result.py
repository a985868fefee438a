"""Results unpack and index as a pair, and are bounded by the memory that the process may use."""

import numpy as np
import pytest

import vecq
from vecq.search import result as results

INDEX = vecq.Index(4, codec="fp32").add(np.eye(4))


def test_a_result_is_a_pair():
    found = INDEX.search(np.eye(4)[:2], 3)
    ids, scores = found
    assert found[0] is found.ids is ids
    assert found[1] is found.scores is scores
    assert found[-1] is scores
    assert len(found) == 2
    assert found[:] == (ids, scores)
    with pytest.raises(IndexError):
        found[2]
    assert found.n_scored >= 4


def test_the_control_group_limits_results(monkeypatch):
    """Results that the machine could hold, but the control group could not."""
    queries = np.ones((5000, 4), np.float32)
    monkeypatch.setattr(results, "memory_limit", lambda: 300 << 20)
    with pytest.raises(vecq.OutOfMemoryError, match="than there is memory for"):
        INDEX.search(queries, 10_000)
    monkeypatch.undo()
    assert results.memory_limit() > 300 << 20
