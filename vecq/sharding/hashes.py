"""Hashes of 64 bits: of ids, which assign rows to shards, and of rows, which builds compare."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
Floats = NDArray[np.float32]
Hashes = NDArray[np.uint64]
BLOCK = 8192  # rows that are hashed at a time


def id_keys(ids: NDArray[Any]) -> Numbers:
    """Return 64 bits for each id: an integer itself, a hash of a string."""
    return text_hashes(ids.tolist()).view(np.int64) if ids.dtype == object else ids


def text_hashes(texts: Sequence[str]) -> Hashes:
    """Hash strings, the same on every machine."""
    hashes = (blake2b(text.encode(errors="surrogatepass"), digest_size=8) for text in texts)
    content = b"".join(one.digest() for one in hashes)
    return np.frombuffer(content, "<u8").astype(np.uint64)


def mixed(numbers: NDArray[Any]) -> Hashes:
    """Hash 64-bit numbers: the finalizer of splitmix64."""
    words = numbers.astype(np.int64).view(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(words ^ (words >> np.uint64(31)), np.uint64)


def row_hashes(keys: Numbers, vectors: Floats, others: Hashes | int = 0) -> Hashes:
    """Hash each row: its id, its vector, and a hash of its other columns.

    The sum over rows does not depend on their order.
    """
    weights = mixed(np.arange(vectors.shape[1])) | np.uint64(1)
    found = mixed(keys) + np.asarray(others, np.uint64)
    words: NDArray[Any] = np.ascontiguousarray(vectors, np.float32).view(np.uint32)
    for first in range(0, len(keys), BLOCK):
        block = words[first : first + BLOCK].astype(np.uint64)
        found[first : first + BLOCK] += np.einsum("ij,j->i", block, weights)
    return mixed(found)


def repeated_id(ids: NDArray[Any], keys: Numbers | None = None) -> Any:
    """Return an id that is there twice; None if there is none.

    Args:
        ids: The ids.
        keys: Their `id_keys`. Default: they are computed.
    """
    keys = id_keys(ids) if keys is None else keys
    order = np.argsort(keys, kind="stable")
    same = np.flatnonzero(keys[order[1:]] == keys[order[:-1]])
    # Two strings of one hash are two ids; of three, the index itself finds two that are equal.
    return next((ids[order[at]] for at in same if ids[order[at]] == ids[order[at + 1]]), None)
