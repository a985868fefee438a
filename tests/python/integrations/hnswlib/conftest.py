"""Fixtures of hnswlib's interface: each test runs on the drop-in and on hnswlib itself."""

import hnswlib as theirs
import numpy as np
import pytest

import vecq.integrations.hnswlib as ours

DIM, ROWS = 12, 600
SPACES = ["l2", "ip", "cosine"]
rng = np.random.default_rng(0)
ITEMS = rng.random((ROWS, DIM), np.float32)
QUERIES = rng.random((30, DIM), np.float32)


@pytest.fixture(params=["vecq", "hnswlib"])
def hnswlib(request):
    return {"vecq": ours, "hnswlib": theirs}[request.param]


@pytest.fixture(params=SPACES)
def space(request):
    return request.param


def made(hnswlib, space="l2", rows=ROWS, room=ROWS, **init):
    index = hnswlib.Index(space=space, dim=DIM)
    index.init_index(max_elements=room, M=16, ef_construction=100, **init)
    index.set_ef(100)
    index.add_items(ITEMS[:rows], num_threads=1)
    return index


def distances(space, items=ITEMS, queries=QUERIES):
    items, queries = items.astype("f8"), queries.astype("f8")
    if space == "l2":
        return ((queries[:, None] - items) ** 2).sum(axis=2)
    if space == "cosine":
        items = items / np.linalg.norm(items, axis=1, keepdims=True)
        queries = queries / np.linalg.norm(queries, axis=1, keepdims=True)
    return 1 - queries @ items.T
