"""vecq.implicit.VecqModel against implicit's own exact recommendations: make bench-recommend.

A data set of users, items and seen items stands for a trained model of implicit. Both exclude seen
items, for all users in a call and for one user per call, on equally many threads; VecqModel answers
a single user on one. implicit runs with its own threads or with those of BLAS, and the faster of
the two counts. Speeds are medians. It needs pip install 'vecq[bench,interactions]'.
"""

import argparse
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from vecq.core.ranking import recall
from vecq.datasets import Dataset, load
from vecq.integrations.implicit import VecqModel

from .timing import interleaved, shown

COUNTS = (10, 100)
# Targets of VecqModel: recall of implicit's answers, and a multiple of its speed.
RECALL, SPEED = 0.99, 5.0

# Threads of implicit, and of BLAS.
Threads = tuple[int, int]


def model_of(data: Dataset) -> Any:
    with threadpool_limits(1, "blas"):  # implicit warns of more
        model = AlternatingLeastSquares(data.train.shape[1])
    model.user_factors, model.item_factors = data.test, data.train
    return model


def seen_by(data: Dataset) -> Any:
    if data.seen is None:
        raise SystemExit(f"{data.name} has no seen items, expected a data set of recommendations")
    indptr, indices = data.seen
    return csr_matrix(
        (np.ones(len(indices), np.float32), indices, indptr), (len(data.test), len(data.train))
    )


def batched(model: Any, seen: Any, count: int) -> Callable[[], Any]:
    users = np.arange(seen.shape[0])
    return lambda: model.recommend(users, seen, count)[0]


def one_by_one(model: Any, seen: Any, count: int) -> Callable[[], Any]:
    asked = [(user, seen[user]) for user in range(seen.shape[0])]
    return lambda: np.array([model.recommend(user, own, count)[0] for user, own in asked])


CALLS = {"all users in a call": batched, "one user per call": one_by_one}


def exactly(model: Any, work: Callable[[], Any], threads: Threads) -> Callable[[], Any]:
    def limited() -> Any:
        model.num_threads = threads[0]
        with threadpool_limits(threads[1], "blas"):
            return work()

    return limited


def compare(
    data: Dataset, threads: int, singles: int, repetitions: int
) -> Iterator[dict[str, Any]]:
    model, seen = model_of(data), seen_by(data)
    fast = VecqModel(model, threads=threads)
    for count in COUNTS:
        for how, calls in CALLS.items():
            some = seen if calls is batched else seen[:singles]
            exact, own = calls(model, some, count), calls(fast, some, count)
            times = interleaved(
                {
                    "implicit": exactly(model, exact, (threads, 1)),
                    "implicit, BLAS": exactly(model, exact, (1, threads)),
                    "VecqModel": own,
                },
                repetitions,
            )
            yield {
                "data": data.name,
                "N": count,
                "calls": how,
                "recall": recall(own(), exact()),
                "qps": {name: time.rate(some.shape[0]) for name, time in times.items()},
            }


def targets(found: dict[str, Any]) -> list[tuple[str, bool]]:
    """Return a line for each target, and whether it is met."""
    qps = {name: rate["median"] for name, rate in found["qps"].items()}
    reached = found["recall"]
    ratio = qps["VecqModel"] / max(qps["implicit"], qps["implicit, BLAS"])
    text = f"{ratio:.1f} times as fast as implicit at recall {reached:.4f}, target >= {SPEED:g}"
    return [
        (f"recall of implicit's answers {reached:.4f}, target >= {RECALL}", reached >= RECALL),
        (text, ratio >= SPEED),
    ]


def show(found: dict[str, Any]) -> None:
    print(f"N={found['N']}, {found['calls']}")
    for name, value in found["qps"].items():
        print(f"  {name:<16}{shown(value)} users/s")
    for text, met in targets(found):
        print(f"  {'met' if met else 'missed':<7}{text}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="recommend", description=__doc__)
    parser.add_argument(
        "data", nargs="*", default=["recsys-demo"], help="files or names of data sets (%(default)s)"
    )
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--singles", type=int, default=500, help="users one by one (%(default)s)")
    parser.add_argument("--repetitions", type=int, default=5, help="(%(default)s)")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    asked = parser.parse_args()
    records = []
    for name in asked.data:
        data = load(name)
        (rows, dim), users = data.train.shape, len(data.test)
        print(f"{data.name}: {rows:,} x {dim}, {users:,} users, {asked.threads} threads")
        for found in compare(data, asked.threads, asked.singles, asked.repetitions):
            show(found)
            records.append(found)
    if asked.json:
        asked.json.write_text(json.dumps(records, indent=1))


if __name__ == "__main__":
    main()
