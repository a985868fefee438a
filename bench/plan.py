"""The arguments of a benchmark run, validated."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vecq import ArgumentError
from vecq.bench.sweep import RECALL_ENOUGH
from vecq.datasets import Dataset

REGIMES = ("single", "batch", "concurrent", "processes")
MAX_THREADS, MAX_M, MAX_EF = 1024, 1024, 100_000
PEER_M = (16, 24, 32, 48)


@dataclass
class Plan:
    """What a benchmark run measures.

    Args:
        data: A name that `vecq.datasets.load` knows, a file, or a `vecq.datasets.Dataset`.
        queries: A file of vectors, or a data set whose queries replace those of `data`.
            Default: None.
        metric: "ip", "cosine" or "l2". Default: the data set's own, or "ip".
        k: Numbers of neighbors; each is measured. Default: 10 and 100.
        codecs: Codecs of vecq: "fp32", "fp16", "int16", "int12", "int8", "int4", or two as
            "int8+fp16", the second for reranking. Default: fp32 and int8.
        peers: Libraries, index types of theirs by name, or your own classes as `module:Class`.
            Default: hnswlib and faiss.
        peer_m: Values of M that graph indexes of peers are built with; a peer is compared by its
            fastest. Default: 16, 24, 32, 48.
        ef_construction: Beam width while building, for all graphs. Default: 200.
        regimes: How queries arrive: "single", "batch", "concurrent", "processes". Default: all.
        threads: Threads of batches, and number of concurrent clients; 0 = all cores. Default: 0.
        build_threads: Threads for building; 0 = all cores. Default: 0.
        processes: Number of processes; 0 = one per physical core. Default: 0.
        pin: Pin each process to a core. Default: True.
        numa: Let each process prefer the memory of its core's node. Default: True.
        repetitions: Repetitions of every measurement; results are medians. Default: 5.
        seconds: Time limit after which no measurement starts. Default: None.
        enough: Recall beyond which a contender's settings are not raised; a number, or one for
            each k. Default: 0.995.
        isas: Instruction sets to force in turn. Default: None, all of this machine.
        accuracy: Measure exact search on codes too. Default: True.
        quick: Every other setting and M, at most three repetitions. Default: False.
        seed: Of the random order of contenders. Default: 0.

    Raises:
        ArgumentError: An argument is out of its range.

    >>> Plan("recsys-demo", k=[100], peers=["hnswlib"]).repetitions
    5
    """

    data: str | Path | Dataset
    queries: str | Path | None = field(default=None, kw_only=True)
    metric: str | None = field(default=None, kw_only=True)
    k: Sequence[int] = (10, 100)
    codecs: Sequence[str] = ("fp32", "int8")
    peers: Sequence[str] = ("hnswlib", "faiss")
    peer_m: Sequence[int] = field(default=PEER_M, kw_only=True)
    ef_construction: int = field(default=200, kw_only=True)
    regimes: Sequence[str] = REGIMES
    threads: int = 0
    build_threads: int = 0
    processes: int = 0
    pin: bool = True
    numa: bool = True
    repetitions: int = 5
    seconds: float | None = None
    enough: float | Mapping[int, float] = RECALL_ENOUGH
    isas: Sequence[str] | None = None
    accuracy: bool = True
    quick: bool = False
    seed: int = field(default=0, kw_only=True)
    cores: int = field(default_factory=lambda: len(os.sched_getaffinity(0)), init=False)

    def __post_init__(self) -> None:
        for name, most in (("k", 2**31 - 1), ("peer_m", MAX_M)):
            values = getattr(self, name)
            if not values or not all(_whole(value, 1, most) for value in values):
                raise ArgumentError(f"{name} is {values!r}, expected whole numbers from 1", name)
        for name, least, most in (
            ("threads", 0, MAX_THREADS),
            ("build_threads", 0, MAX_THREADS),
            ("processes", 0, MAX_THREADS),
            ("repetitions", 1, 1000),
            ("ef_construction", 1, MAX_EF),
            ("seed", 0, 2**63 - 1),
        ):
            if not _whole(getattr(self, name), least, most):
                raise ArgumentError(
                    f"{name} is {getattr(self, name)!r}, expected a whole number from {least} to "
                    f"{most}",
                    name,
                )
        if isinstance(self.data, Dataset) and (self.queries or self.metric):
            given = "queries" if self.queries else "metric"
            raise ArgumentError(f"{given} is given, but data is a Dataset with its own", given)
        unknown = [name for name in self.regimes if name not in REGIMES]
        if unknown or not self.regimes:
            raise ArgumentError(
                f"regimes is {self.regimes!r}, expected some of {', '.join(REGIMES)}", "regimes"
            )
        if not self.codecs and not self.peers:
            raise ArgumentError("codecs and peers are empty, expected a contender", "codecs")
        if self.seconds is not None and not self.seconds > 0:
            raise ArgumentError(f"seconds is {self.seconds!r}, expected more than 0", "seconds")
        self.k, self.peer_m = sorted(set(self.k)), sorted(set(self.peer_m))
        self.threads, self.build_threads = (
            self.threads or self.cores,
            self.build_threads or self.cores,
        )
        if self.quick:
            self.repetitions = min(self.repetitions, 3)
            self.peer_m = self.peer_m[::2]

    def enough_for(self, k: int) -> float:
        return self.enough[k] if isinstance(self.enough, Mapping) else self.enough

    def parameters(self) -> dict[str, Any]:
        """Return all arguments as JSON values, for the record of the run."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        values["data"] = self.data.name if isinstance(self.data, Dataset) else str(self.data)
        values["queries"] = None if self.queries is None else str(self.queries)
        for name in ("k", "codecs", "peers", "peer_m", "regimes"):
            values[name] = list(values[name])
        values["isas"] = None if self.isas is None else list(self.isas)
        values["enough"] = {str(k): self.enough_for(k) for k in self.k}
        return values


def _whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
