"""What a run is to measure."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vecq import ArgumentError
from vecq.bench.sweep import RECALL_ENOUGH
from vecq.datasets import Dataset

REGIMES = ("single", "batch", "concurrent", "processes")
MOST_THREADS = 1024


@dataclass
class Plan:
    """The arguments of a run, checked.

    Args:
        data: a name that `vecq.datasets.load` knows, a file, or a `vecq.datasets.Dataset`.
        queries: a file of vectors, or a data set whose queries are taken in place of its own.
        metric: "ip", "cosine" or "l2", in place of what `data` says; None: "ip" if it says nothing.
        k: how many items are asked for; each is measured.
        codecs: contestants of vecq: "fp32", "fp16", "int16", "int8", or two such as "int8+fp16".
        peers: libraries, one of their contestants by name, or classes of yours as `module:Class`.
        regimes: how queries come: "single", "batch", "concurrent", "processes".
        threads: of batches, and the clients of "concurrent"; 0 for all cores.
        build_threads: of building; 0 for all cores.
        processes: of the regime of that name; 0 for one on every physical core.
        pin: keep each process on its core.
        numa: have each process take memory from the node of its core.
        repetitions: of every measurement.
        seconds: of measuring, after which nothing new is begun; None: no limit.
        enough: a contestant climbs no further beyond this recall; may differ for each k.
        isas: instruction sets to force, one after the other; () for none, None for all there are.
        quick: fewer settings, two repetitions at most.

    >>> Plan("recsys-demo", k=[100], peers=["hnswlib"]).repetitions
    3
    """

    data: str | Path | Dataset
    queries: str | Path | None = field(default=None, kw_only=True)
    metric: str | None = field(default=None, kw_only=True)
    k: Sequence[int] = (10, 100)
    codecs: Sequence[str] = ("fp32", "int8")
    peers: Sequence[str] = ("hnswlib", "faiss")
    regimes: Sequence[str] = REGIMES
    threads: int = 0
    build_threads: int = 0
    processes: int = 0
    pin: bool = True
    numa: bool = True
    repetitions: int = 3
    seconds: float | None = None
    enough: float | Mapping[int, float] = RECALL_ENOUGH
    isas: Sequence[str] | None = None
    accuracy: bool = True
    quick: bool = False
    cores: int = field(default_factory=lambda: len(os.sched_getaffinity(0)), init=False)

    def __post_init__(self) -> None:
        if not self.k or not all(_whole(k, 1, 2**31 - 1) for k in self.k):
            raise ArgumentError(f"k is {self.k!r}, expected whole numbers from 1", "k")
        for name, least, most in (
            ("threads", 0, MOST_THREADS),
            ("build_threads", 0, MOST_THREADS),
            ("processes", 0, MOST_THREADS),
            ("repetitions", 1, 1000),
        ):
            if not _whole(getattr(self, name), least, most):
                raise ArgumentError(
                    f"{name} is {getattr(self, name)!r}, expected a whole number from {least} to "
                    f"{most}",
                    name,
                )
        if isinstance(self.data, Dataset) and (self.queries or self.metric):
            given = "queries" if self.queries else "metric"
            raise ArgumentError(f"{given} is given, but data is a data set that has its own", given)
        unknown = [name for name in self.regimes if name not in REGIMES]
        if unknown or not self.regimes:
            expected = ", ".join(REGIMES)
            raise ArgumentError(f"regimes is {self.regimes!r}, expected of {expected}", "regimes")
        if not self.codecs and not self.peers:
            raise ArgumentError("codecs and peers are empty, expected a contestant", "codecs")
        if self.seconds is not None and not self.seconds > 0:
            raise ArgumentError(f"seconds is {self.seconds!r}, expected more than 0", "seconds")
        self.k = sorted(set(self.k))
        self.threads, self.build_threads = (
            self.threads or self.cores,
            self.build_threads or self.cores,
        )
        if self.quick:
            self.repetitions = min(self.repetitions, 2)

    def enough_for(self, k: int) -> float:
        return self.enough[k] if isinstance(self.enough, Mapping) else self.enough

    def parameters(self) -> dict[str, Any]:
        """All arguments, as records hold them."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        values["data"] = self.data.name if isinstance(self.data, Dataset) else str(self.data)
        values["queries"] = None if self.queries is None else str(self.queries)
        for name in ("k", "codecs", "peers", "regimes"):
            values[name] = list(values[name])
        values["isas"] = None if self.isas is None else list(self.isas)
        values["enough"] = {str(k): self.enough_for(k) for k in self.k}
        return values


def _whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
