"""What INT8 costs and gains on this machine: python -m vecq.demo."""

import timeit
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

import vecq

ROWS, DIM, QUERIES, K = 20_000, 128, 200, 10

Floats = NDArray[np.float32]


def quantize(vectors: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Codes in [-127, 127] and a scale per vector."""
    scales = np.abs(vectors).max(axis=1) / np.float32(127)
    return np.rint(vectors / scales[:, None]).astype(np.int8), scales


def best(scores: NDArray[Any]) -> NDArray[np.intp]:
    return np.argpartition(-scores, K, axis=1)[:, :K]


def milliseconds(work: Callable[[], object]) -> float:
    return 1e3 * min(timeit.repeat(work, number=1, repeat=5))


def main() -> None:
    rng = np.random.default_rng(1)
    rows, queries = (rng.standard_normal((n, DIM), np.float32) for n in (ROWS, QUERIES))
    row_codes, row_scales = quantize(rows)
    query_codes, _ = quantize(queries)

    exact = best(queries @ rows.T)
    quantized = best(vecq.dot(query_codes, row_codes) * row_scales)
    overlap = np.mean([np.isin(*pair) for pair in zip(exact, quantized, strict=True)])

    numpy_time = milliseconds(lambda: queries @ rows.T)
    vecq_time = milliseconds(lambda: vecq.dot(query_codes, row_codes))

    print(f"{vecq.cpu()}\n")
    print(f"{QUERIES} queries against {ROWS:,} random vectors of dimension {DIM}:")
    print(f"  numpy, float32  {numpy_time:6.1f} ms on as many threads as it likes")
    print(f"  vecq, int8      {vecq_time:6.1f} ms on one thread")
    print(f"  top {K} of float32 found in the top {K} of int8: {overlap:.1%}")


if __name__ == "__main__":
    main()
