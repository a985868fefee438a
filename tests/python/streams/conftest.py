"""Fixtures of the tests of streams."""

import numpy as np
import pytest

import vecq

DIM = 24
ROWS = 12_345
SETTINGS = {"m": 4, "ef_construction": 16, "threads": 1}


@pytest.fixture(scope="session")
def items():
    rng = np.random.default_rng(3)
    return (2 + rng.standard_normal((ROWS, DIM))).astype(np.float32)


@pytest.fixture(scope="session")
def ids():
    return np.random.default_rng(4).permutation(ROWS).astype(np.int64) * 3


@pytest.fixture
def content(tmp_path):
    """Checksums of the sections of an index.

    Not of the settings, which hold timings, and of the hash table of strings, which has a random
    seed.
    """
    own = ("settings", "settings of string ids", "hash table of string ids")

    def sections(index):
        index.save(tmp_path / "content.vecq", overwrite=True)
        found = vecq.info(tmp_path / "content.vecq").sections
        return {
            (at, one.name): (one.count, one.checksum)
            for at, one in enumerate(found)
            if one.name not in own
        }

    return sections
