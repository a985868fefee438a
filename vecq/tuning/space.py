"""What may be chosen: codecs, wider stores, graphs, and how they are searched."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from vecq.core.arguments import real, whole
from vecq.core.errors import ArgumentError
from vecq.quantization.codec import CALIBRATIONS, Codec
from vecq.quantization.metric import Metric

# Between one `ef` that is tried and the next, and how far they go.
STEP, MOST_TIMES, AT_LEAST = 1.12, 64, 2000
# From the smallest codes to those that lose nothing.
KINDS = ("int8", "int16", "fp16", "fp32")


@dataclass(frozen=True)
class Graph:
    """How items are linked."""

    m: int = 16
    ef_construction: int = 200

    def __str__(self) -> str:
        return f"m={self.m}, ef_construction={self.ef_construction}"


@dataclass(frozen=True)
class Build:
    """What an index is made by; `wide` is the kind of its second store."""

    codec: Codec
    wide: str | None
    graph: Graph

    def key(self, wide: bool = True) -> tuple[str, str | None, Graph]:
        return repr(self.codec), self.wide if wide else None, self.graph


@dataclass(frozen=True)
class Search:
    """How an index is searched; without `ef`, by scanning."""

    ef: int | None
    rerank: float = 0.0
    query_bits: int = 15

    def settings(self, wide: bool) -> dict[str, Any]:
        """The arguments of `Index.search`, on an index with or without a wider store."""
        found: dict[str, Any] = {"plan": "scan"} if self.ef is None else {"ef": self.ef}
        if wide:
            found["rerank_factor"] = self.rerank
        if self.query_bits != 15:
            found["query_bits"] = self.query_bits
        return found


@dataclass(frozen=True)
class Space:
    """What tuning chooses from.

    Args:
        codecs: kinds, or `vecq.Codec`; by default the kinds, and int8 with other scales,
            calibrations and without rotation.
        rerank_codecs: kinds of a second store to rerank on; None for none.
        rerank_factors: how many candidates are scored anew, per item asked for.
        m, ef_construction: of graphs.
        query_bits: 15, 8 or both.
        efs: what walks may keep; by default a ladder from k to 64 k, in steps of 12 percent.
        scans: whether all items may be scored in place of a walk.

    >>> len(vecq.tuning.Space(codecs=["int8"], rerank_codecs=[None], m=[8, 16]).m)
    2
    """

    codecs: Sequence[str | Codec] | None = None
    rerank_codecs: Sequence[str | None] = (None, "int16", "fp32")
    rerank_factors: Sequence[float] = (1.2, 1.5, 2.0, 3.0, 5.0)
    m: Sequence[int] = (8, 12, 16, 24, 32)
    ef_construction: Sequence[int] = (200, 100, 400)
    query_bits: Sequence[int] = (15, 8)
    efs: Sequence[int] | None = None
    scans: bool = True

    def __post_init__(self) -> None:
        check: dict[str, Callable[[Any], Any]] = {
            "codecs": _codec,
            "rerank_codecs": _wide,
            "rerank_factors": _factor,
            "m": lambda value: whole(value, "m", 2, 256),
            "ef_construction": lambda value: whole(value, "ef_construction", 1, 100_000),
            "query_bits": _bits,
            "efs": lambda value: whole(value, "efs", 1, 2**31 - 1),
        }
        for name, checked in check.items():
            values = getattr(self, name)
            if values is None and name in ("codecs", "efs"):  # for which there is a default
                continue
            if isinstance(values, str) or not isinstance(values, Iterable):
                raise ArgumentError(f"{name} is {values!r}, expected a list", name)
            once = {repr(one): one for one in map(checked, values)}
            if not once and (name != "rerank_factors" or any(self.rerank_codecs)):
                raise ArgumentError(f"{name} is empty, expected at least one", name)
            object.__setattr__(self, name, tuple(once.values()))

    def candidates(self, metric: Metric) -> list[Codec]:
        """The codecs, the plainest first."""
        if self.codecs is None:
            return [*(named(kind, metric) for kind in KINDS), *_varied(metric)]
        found = [named(codec, metric) for codec in self.codecs]
        return list({repr(codec): codec for codec in found}.values())

    def ladder(self, k: int, rows: int) -> list[int]:
        """Every `ef` that is tried, rising."""
        if self.efs is not None:
            return sorted({min(max(ef, k), rows) for ef in self.efs})
        most = min(max(MOST_TIMES * k, AT_LEAST), rows)
        count = max(2, 1 + int(np.ceil(np.log(max(most / k, 1)) / np.log(STEP))))
        return sorted({int(ef) for ef in np.geomspace(min(k, rows), most, count).round()})

    def bits(self, codec: Codec) -> Sequence[int]:
        """Query bits that make a difference: queries are not coded for floats."""
        return self.query_bits if codec.kind.startswith("int") else self.query_bits[:1]

    def graphs(self) -> list[Graph]:
        return [Graph(m, effort) for effort, m in product(self.ef_construction, self.m)]

    @property
    def usual(self) -> Graph:
        """The graph that is nearest to what an index has by default."""
        efforts = self.ef_construction
        return Graph(_nearest(self.m, Graph.m), _nearest(efforts, Graph.ef_construction))


def _codec(codec: str | Codec) -> str | Codec:
    if Codec.of(codec, "codecs").settings["scale"] == "dimension":
        raise ArgumentError(
            f"codecs has {codec}, which no graph can be linked by: expected scale vector or global",
            "codecs",
        )
    return codec


def _wide(wide: str | None) -> str | None:
    return None if wide is None else Codec.of(wide, "rerank_codecs").kind


def _factor(factor: float) -> float:
    if not 1 <= real(factor, "rerank_factors") <= 1000:
        raise ArgumentError(f"rerank_factors has {factor!r}, expected 1 to 1000", "rerank_factors")
    return float(factor)


def _bits(bits: int) -> int:
    if bits not in (8, 15):
        raise ArgumentError(f"query_bits has {bits!r}, expected 8 or 15", "query_bits")
    return int(bits)


def named(codec: str | Codec, metric: Metric) -> Codec:
    """The codec that an index makes of a kind's name."""
    return Codec.of(codec, "codecs", metric=metric)


def short(codec: Codec, metric: Metric) -> str | Codec:
    """The kind's name, if that is all it takes to say which codec it is."""
    return codec.kind if repr(codec) == repr(named(codec.kind, metric)) else codec


def _varied(metric: Metric) -> Iterator[Codec]:
    """Other ways to make int8 codes, some of which suit some data better."""
    center = metric == "l2"
    yield Codec("int8", center=not center)
    yield Codec("int8", rotate=False, center=center)
    for rotate in (True, False):
        for calibration in CALIBRATIONS:
            yield Codec(
                "int8",
                scale="global",
                calibration=calibration,  # type: ignore[arg-type]
                rotate=rotate,
                center=center,
            )


def _nearest(values: Sequence[int], wanted: int) -> int:
    return min(values, key=lambda value: abs(np.log(value / wanted)))
