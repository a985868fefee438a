"""What codecs cost: encode throughput, scoring speed, and recall of exact search on codes.

python -m vecq.bench.codecs [FILE.hdf5 ...]
"""

import sys
import timeit

import numpy as np

import vecq
from vecq.datasets import Dataset, heavy_tailed, read_hdf5

ENCODE_DIMS = (64, 128, 384, 768, 1536)
RECALL_DIMS = (64, 128, 384, 768, 1536)
ENCODE_BYTES = 64 << 20
# The marks that the defaults are held to: recall@100, and GB/s at dim 128.
INT8_RECALL, INT16_RECALL, INT8_ENCODE = 0.99, 0.9995, 1.0


def encode_rate(codec: vecq.Codec, vectors: np.ndarray) -> float:
    """Bytes of float32 per second, on one thread; the best of a few runs."""
    codec.encode(vectors[:1000])
    runs = timeit.repeat(lambda: codec.encode(vectors, threads=1), number=1, repeat=5)
    return vectors.nbytes / min(runs)


def print_encode() -> None:
    settings = [(kind, {}) for kind in ("int8", "int16", "fp16", "fp32")]
    settings[1:1] = [("int8", {"rotate": False}), ("int8", {"scale": "global"})]
    print("Encode, GB of float32 per second on one thread")
    print(f"{'codec':<28}" + "".join(f"{f'dim {dim}':>10}" for dim in ENCODE_DIMS))
    rates: dict[str, list[float]] = {}
    for dim in ENCODE_DIMS:
        vectors = np.random.default_rng(dim).standard_normal(
            (ENCODE_BYTES // (4 * dim), dim), np.float32
        )
        for kind, options in settings:
            codec = vecq.Codec(kind, **options)
            rates.setdefault(repr(codec), []).append(encode_rate(codec, vectors) / 1e9)
    for name, row in rates.items():
        print(f"{name:<28}" + "".join(f"{rate:>10.2f}" for rate in row))
    reached = rates[repr(vecq.Codec())][ENCODE_DIMS.index(128)]
    print(f"int8 at dim 128: {reached:.2f}, mark {INT8_ENCODE}{short(reached, INT8_ENCODE)}\n")


def print_score() -> None:
    print("Score, thousand million scores per second on one thread, 256 queries x 20,000 rows")
    print(f"{'':<28}" + "".join(f"{f'dim {dim}':>10}" for dim in ENCODE_DIMS))
    for kind, bits in (("int8", 8), ("int8", 15), ("int16", 15), ("fp16", 15), ("fp32", 15)):
        row = []
        for dim in ENCODE_DIMS:
            data = heavy_tailed(20_000, dim, 256)
            codec = vecq.Codec(kind)
            codes = codec.encode(data.train)
            args = (codes, data.test)
            runs = timeit.repeat(
                lambda a=args, c=codec, b=bits: c.score(*a, query_bits=b, threads=1),
                number=1,
                repeat=5,
            )
            row.append(len(codes) * len(data.test) / min(runs) / 1e9)
        name = f"{kind}, {bits} bit queries" if kind == "int8" else kind
        print(f"{name:<28}" + "".join(f"{rate:>10.2f}" for rate in row))
    print()


def short(reached: float, mark: float) -> str:
    return "  SHORT" if reached < mark else ""


def print_recall(data: Dataset) -> None:
    settings = [("int8", {"rotate": False}), ("int8", {"scale": "global"}), ("int8", {})]
    codecs = [vecq.Codec(kind, **options) for kind, options in settings]
    found = vecq.assess(data.train, data.test, metric=data.metric, codecs=codecs)
    coarse = vecq.assess(data.train, data.test, metric=data.metric, codecs="int8", query_bits=8)
    by_name = {repr(cost.codec): cost.recall for cost in found.costs}
    int16 = by_name[repr(vecq.Codec("int16"))]
    print(f"{data.name}: {found}")
    print(f"int8 with 8 bit queries: {coarse.recall:.4f}")
    print(
        f"int8 {found.recall:.4f}, mark {INT8_RECALL}{short(found.recall, INT8_RECALL)}; "
        f"int16 {int16:.4f}, mark {INT16_RECALL}{short(int16, INT16_RECALL)}\n",
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
