"""Synthetic records: curves by a formula, as input of reports."""

import math
from collections.abc import Callable

import pytest

from vecq.bench.records import Accuracy, Build, Data, IsaSpeed, Point, Record, Run

EFS = (100, 141, 200, 283, 400, 566, 800)
NOISE = (0.97, 1.0, 0.985)
# Seconds per unit of work, bytes per vector, the most recall, and what a build takes.
CONTESTANTS = {
    "vecq fp32": (3.1, 660, 1.0, 9.0),
    "vecq int16": (1.6, 404, 0.9995, 5.2),
    "vecq int8": (1.0, 205, 0.994, 3.1),
    "vecq int8+fp16": (1.15, 461, 0.9993, 3.4),
    "hnswlib FP32": (3.3, 668, 1.0, 11.8),
    "faiss HNSW32,Flat": (3.6, 772, 1.0, 14.0),
    "faiss IVF1024,PQ64x4fs,RFlat": (0.9, 560, 0.93, 6.0),
}


def synthetic_run(
    *,
    data: tuple[str, ...] = ("synthetic",),
    ks: tuple[int, ...] = (10, 100),
    faster: float = 1.0,
    noise: tuple[float, ...] = NOISE,
) -> list[Record]:
    """A synthetic run; `faster` multiplies the speed of vecq int8."""
    records: list[Record] = [
        Run(
            started="2026-01-01T00:00:00Z",
            seconds=123.4,
            command="vecq bench synthetic --k " + ",".join(map(str, ks)),
            machine={
                "cpu": "Imagined CPU 9000",
                "cores": 2,
                "memory_bytes": 8 << 30,
                "isa": "avx512_vnni",
                "kernel": "Linux 6.1",
                "nodes": 1,
            },
            versions={"vecq": "0.1.0", "hnswlib": "0.8.0", "python": "3.11.7"},
            parameters={"k": list(ks), "repetitions": len(noise), "peers": ["hnswlib", "faiss"]},
            notes=["usearch skipped: package usearch is not installed"],
        )
    ]
    for name in data:
        records += _data(name, ks, faster, noise)
    return records


def _data(data: str, ks: tuple[int, ...], faster: float, noise: tuple[float, ...]) -> list[Record]:
    found: list[Record] = [Data(data, 50_000, 128, 2_000, "ip", True, True, "vecq exact")]
    for name, (cost, size, most, seconds) in CONTESTANTS.items():
        family, codec = name.split()[0], name.split()[1].split("+")[0]
        ours = family == "vecq"
        settings = {
            "m": 16,
            "ef_construction": 200,
            "rerank_codec": "fp16" if "+" in name else None,
        }
        found.append(
            Build(
                *(data, name, settings, family if ours else "peer", codec if ours else None),
                *(seconds, 2, size * 51_000, size * 50_000, float(size)),
                bytes_are="stats" if ours else "serialized",
            )
        )
        cost /= faster if name == "vecq int8" else 1
        found += [
            point
            for k in ks
            for regime in ("single", "batch")
            for point in _points(data, name, k, regime, cost, most, noise)
        ]
    for k in ks:
        found.append(Accuracy(data, k, "recall", 1.0, 0.9942 - 0.0003 * math.log10(k), 0.9996))
        found.append(Accuracy(data, k, "ndcg", 0.1012, 0.1009, 0.1012))
    for isa, speed in (("avx2", 1.0), ("avx_vnni", 1.3), ("avx512", 1.5), ("avx512_vnni", 2.2)):
        for codec, by in (("fp32", 3000), ("int8", 5000 * speed)):
            qps = [by * one for one in noise]
            found.append(IsaSpeed(data, isa, ks[-1], 200, codec, 0.97, qps, True))
    return found


def _points(
    data: str, name: str, k: int, regime: str, cost: float, most: float, noise: tuple[float, ...]
) -> list[Record]:
    points: list[Record] = []
    for ef in EFS:
        recall = most * (1 - 0.06 * (100 / ef) ** 1.7 * (1.2 if "faiss" in name else 1))
        qps = 14_000 / cost * (100 / ef) ** 0.85 * (1.3 if regime == "batch" else 1)
        curve = [[q, 1 / qps * (0.7 - 0.25 * math.log10(1.0001 - q))] for q in QUANTILES]
        points.append(
            Point(
                *(data, name, k, regime, {"ef": ef}),
                recall=recall,
                qps=[qps * one for one in noise],
                latency={"p50": 1 / qps, "p95": 1.6 / qps, "p99": 2.1 / qps, "p999": 3.3 / qps}
                if regime == "single"
                else None,
                latency_curve=curve if regime == "single" else None,
                hops=float(ef) if "vecq" in name else None,
                distances=8.0 * ef if "vecq" in name else None,
                limit_share=0.41 if "vecq" in name else None,
                business={"hit_rate": 0.62, "recall": 0.214 * recall, "ndcg": 0.101 * recall}
                if regime == "batch"
                else None,
            )
        )
    return points


QUANTILES = (*(i / 40 for i in range(1, 40)), 0.99, 0.995, 0.999, 1.0)


@pytest.fixture
def run() -> Callable[..., list[Record]]:
    return synthetic_run
