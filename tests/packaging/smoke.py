"""Proves that an installed vecq works: builds an index, searches, saves and opens it.

python -I tests/packaging/smoke.py

Needs numpy and vecq only: it runs against wheels and conda packages in empty environments.
"""

import tempfile
from pathlib import Path

import numpy as np

import vecq


def main() -> None:
    items = np.random.default_rng(0).standard_normal((2000, 32), dtype=np.float32)
    truth = vecq.brute_force(items, items[:50], metric="cosine", k=10).ids
    index = vecq.Index(32, "cosine", attributes={"price": "float32"})
    index.add(items, attributes={"price": np.arange(2000)})
    found = index.search(items[:50], 10, ef=100).ids
    hits = [len(np.intersect1d(*pair)) for pair in zip(found, truth, strict=True)]
    assert np.mean(hits) > 9.5, np.mean(hits)
    assert (index.search(items[:5], 10, where="price < 100").ids < 100).all()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "items.vecq"
        index.save(path)
        opened = vecq.open(path)
        assert np.array_equal(opened.search(items[:50], 10, ef=100).ids, found)
        del opened
    print(f"vecq {vecq.__version__} works on {vecq.cpu().active}")


if __name__ == "__main__":
    main()
