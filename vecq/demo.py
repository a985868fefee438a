"""What INT8 costs and gains on this machine: python -m vecq.demo."""

import timeit
from collections.abc import Callable

import numpy as np

import vecq

ITEMS, DIM, USERS, K = 50_000, 128, 200, 100


def milliseconds(work: Callable[[], object]) -> float:
    return 1e3 * min(timeit.repeat(work, number=1, repeat=5))


def main() -> None:
    rng = np.random.default_rng(1)
    # Items of very different popularity, as a recommender has them.
    items = rng.standard_normal((ITEMS, DIM), np.float32)
    items *= rng.lognormal(0, 0.5, (ITEMS, 1)).astype(np.float32)
    users = rng.standard_normal((USERS, DIM), np.float32)

    print(f"{vecq.cpu()}\n")
    print(f"{vecq.assess('int8', items, users, K)}\n")

    codec = vecq.Codec("int8")
    codes = codec.encode(items)
    float_time = milliseconds(lambda: users @ items.T)
    code_time = milliseconds(lambda: codec.score(users, codes, query_bits=8))
    print(f"Scoring {USERS} users against {ITEMS:,} items:")
    print(f"  numpy, float32     {float_time:6.1f} ms, {items.nbytes / 2**20:5.1f} MiB of items")
    print(f"  vecq, int8 codes   {code_time:6.1f} ms, {codes.nbytes / 2**20:5.1f} MiB of items")


if __name__ == "__main__":
    main()
