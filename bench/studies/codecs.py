"""Codecs: encode throughput, scoring speed, and recall of exact search on codes.

Speeds are medians on one thread. Usage: make bench-codecs DATA='FILE.hdf5 ...'
"""

import sys
from functools import partial
from typing import Any, Literal

import numpy as np

import vecq
from vecq.datasets import Dataset, heavy_tailed, read_hdf5
from vecq.quantization.codec import Kind

from .timing import Timing, interleaved

ENCODE_DIMS = (64, 128, 384, 768, 1536)
RECALL_DIMS = (64, 128, 384, 768, 1536)
ENCODE_BYTES = 64 << 20
SCORE_ROWS, SCORE_QUERIES = 20_000, 256
# Targets of the defaults: recall@100, and GB/s of encoding at dim 128.
INT8_RECALL, INT16_RECALL, INT8_ENCODE = 0.99, 0.9995, 1.0


def print_encode() -> None:
    settings: list[tuple[Kind, dict[str, Any]]] = [
        ("int8", {}),
        ("int8", {"rotate": False}),
        ("int8", {"scale": "global"}),
        *((kind, {}) for kind in ("int16", "fp16", "fp32")),
    ]
    table: dict[int, dict[str, Timing]] = {}
    for dim in ENCODE_DIMS:
        codecs = [vecq.Codec(kind, **own) for kind, own in settings]
        names = [repr(codec) for codec in codecs]
        shape = ENCODE_BYTES // (4 * dim), dim
        vectors = np.random.default_rng(dim).standard_normal(shape, np.float32)
        table[dim] = interleaved(
            {
                name: partial(codec.encode, vectors, threads=1)
                for name, codec in zip(names, codecs, strict=True)
            }
        )
    print_rates("Encode, GB of float32 per second on one thread", table, ENCODE_BYTES)
    reached = ENCODE_BYTES / table[128][repr(vecq.Codec())].median / 1e9
    print(f"int8 at dim 128: {reached:.2f}, target {INT8_ENCODE}: {state(reached, INT8_ENCODE)}\n")


def print_score() -> None:
    kinds: tuple[tuple[Kind, Literal[8, 15]], ...] = (
        *(("int8", 8), ("int8", 15), ("int16", 15)),
        *(("fp16", 15), ("fp32", 15)),
    )
    table: dict[int, dict[str, Timing]] = {}
    for dim in ENCODE_DIMS:
        data = heavy_tailed(SCORE_ROWS, dim, SCORE_QUERIES)
        works = {}
        for kind, bits in kinds:
            codec = vecq.Codec(kind)
            codes = codec.encode(data.train)
            name = f"{kind}, {bits} bit queries" if kind == "int8" else kind
            works[name] = partial(codec.score, codes, data.test, query_bits=bits, threads=1)
        table[dim] = interleaved(works)
    title = f"Score, 1e9 scores per second on one thread, {SCORE_QUERIES} x {SCORE_ROWS:,}"
    print_rates(title, table, SCORE_QUERIES * SCORE_ROWS)
    print()


def print_rates(title: str, table: dict[int, dict[str, Timing]], count: int) -> None:
    """Print medians in thousand millions per second, and the widest spread of each row."""
    print(f"{title}; medians")
    print(f"{'':<28}" + "".join(f"{f'dim {dim}':>10}" for dim in table) + f"{'spread':>10}")
    for name in next(iter(table.values())):
        times = [column[name] for column in table.values()]
        cells = "".join(f"{count / time.median / 1e9:>10.2f}" for time in times)
        print(f"{name:<28}{cells}{max(time.spread for time in times):>10.0%}")


def state(reached: float, target: float) -> str:
    return "met" if reached >= target else "missed"


def print_recall(data: Dataset) -> None:
    settings: list[tuple[Kind, dict[str, Any]]] = [
        ("int8", {"rotate": False}),
        ("int8", {"scale": "global"}),
        ("int8", {}),
    ]
    codecs = [vecq.Codec(kind, **options) for kind, options in settings]
    found = vecq.assess(data.train, data.test, metric=data.metric, codecs=codecs)
    coarse = vecq.assess(data.train, data.test, metric=data.metric, codecs="int8", query_bits=8)
    by_name = {repr(cost.codec): cost.recall for cost in found.costs}
    int16 = by_name[repr(vecq.Codec("int16"))]
    print(f"{data.name}: {found}")
    print(f"int8 with 8 bit queries: {coarse.recall:.4f}")
    print(
        f"int8 {found.recall:.4f}, target {INT8_RECALL}: {state(found.recall, INT8_RECALL)}; "
        f"int16 {int16:.4f}, target {INT16_RECALL}: {state(int16, INT16_RECALL)}\n",
        flush=True,
    )


def main() -> None:
    print_encode()
    print_score()
    for path in sys.argv[1:]:
        print_recall(read_hdf5(path))
    for dim in RECALL_DIMS:
        print_recall(heavy_tailed(20_000, dim))


if __name__ == "__main__":
    main()
