"""The space of settings: codecs, rerank codecs, graphs and searches."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from vecq.core.arguments import real, whole
from vecq.core.errors import ArgumentError
from vecq.quantization.codec import CALIBRATIONS, Codec
from vecq.quantization.metric import Metric

# Ratio of successive `ef`; the largest `ef` is MOST_TIMES k, but at least AT_LEAST.
STEP, MOST_TIMES, AT_LEAST = 1.12, 64, 2000
# From the smallest to the most precise codes.
KINDS = ("int4", "int8", "int12", "int16", "fp16", "fp32")


@dataclass(frozen=True)
class Graph:
    """Settings of a graph."""

    m: int = 16
    ef_construction: int = 200

    def __str__(self) -> str:
        return f"m={self.m}, ef_construction={self.ef_construction}"


@dataclass(frozen=True)
class Build:
    """Settings of an index; `rerank_codec` is the kind of its rerank store."""

    codec: Codec
    rerank_codec: str | None
    graph: Graph

    def key(self, rerank_codec: bool = True) -> tuple[str, str | None, Graph]:
        """Return a key that is equal for equal settings, with or without the rerank codec."""
        return repr(self.codec), self.rerank_codec if rerank_codec else None, self.graph


@dataclass(frozen=True)
class Search:
    """Settings of a search; `ef=None` stands for a scan."""

    ef: int | None
    rerank: float = 0.0
    query_bits: int = 15

    def settings(self, has_rerank_store: bool) -> dict[str, Any]:
        """Return the arguments of `Index.search`, for an index with or without a rerank store."""
        found: dict[str, Any] = {"plan": "scan"} if self.ef is None else {"ef": self.ef}
        if has_rerank_store:
            found["rerank_factor"] = self.rerank
        if self.query_bits != 15:
            found["query_bits"] = self.query_bits
        return found


@dataclass(frozen=True)
class Space:
    """The settings that tuning chooses from.

    Args:
        codecs: Kinds or `vecq.Codec` objects. Default: all kinds, and int8 with other scales,
            calibrations and without rotation.
        rerank_codecs: Kinds of the rerank store; None for no store.
        rerank_factors: Candidates to rescore, as multiples of k.
        m: Links per node.
        ef_construction: Beam widths while linking.
        query_bits: 15, 8 or both.
        efs: Beam widths of searches. Default: from k to 64 k in steps of 12 percent.
        scans: Whether a scan of all items may be chosen.

    Raises:
        ArgumentError: A list is empty or holds an invalid value.

    >>> len(vecq.tuning.Space(codecs=["int8"], rerank_codecs=[None], m=[8, 16]).m)
    2
    """

    codecs: Sequence[str | Codec] | None = None
    rerank_codecs: Sequence[str | None] = (None, "int8", "int16", "fp32")
    rerank_factors: Sequence[float] = (1.2, 1.5, 2.0, 3.0, 5.0)
    m: Sequence[int] = (8, 12, 16, 24, 32)
    ef_construction: Sequence[int] = (200, 100, 400)
    query_bits: Sequence[int] = (15, 8)
    efs: Sequence[int] | None = None
    scans: bool = True

    def __post_init__(self) -> None:
        check: dict[str, Callable[[Any], Any]] = {
            "codecs": _codec,
            "rerank_codecs": _rerank_kind,
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
        """Return the codecs, those with the simplest settings first."""
        if self.codecs is None:
            return [*(named(kind, metric) for kind in KINDS), *_varied(metric)]
        found = [named(codec, metric) for codec in self.codecs]
        return list({repr(codec): codec for codec in found}.values())

    def ladder(self, k: int, rows: int) -> list[int]:
        """Return every `ef` that is tried, in rising order."""
        if self.efs is not None:
            return sorted({min(max(ef, k), rows) for ef in self.efs})
        most = min(max(MOST_TIMES * k, AT_LEAST), rows)
        count = max(2, 1 + int(np.ceil(np.log(max(most / k, 1)) / np.log(STEP))))
        return sorted({int(ef) for ef in np.geomspace(min(k, rows), most, count).round()})

    def bits(self, codec: Codec) -> Sequence[int]:
        """Return the query bits that matter: for float codes queries are not quantized."""
        return self.query_bits if codec.kind.startswith("int") else self.query_bits[:1]

    def graphs(self) -> list[Graph]:
        """Return all graph settings, the first effort with every m first."""
        return [Graph(m, effort) for effort, m in product(self.ef_construction, self.m)]

    @property
    def default_graph(self) -> Graph:
        """The graph settings that are closest to the defaults of an index."""
        efforts = self.ef_construction
        return Graph(_nearest(self.m, Graph.m), _nearest(efforts, Graph.ef_construction))


def _codec(codec: str | Codec) -> str | Codec:
    if Codec.of(codec, "codecs").settings["scale"] == "dimension":
        raise ArgumentError(
            f"codecs has {codec}, which no graph can be built on: expected scale vector or global",
            "codecs",
        )
    return codec


def _rerank_kind(rerank_codec: str | None) -> str | None:
    return None if rerank_codec is None else Codec.of(rerank_codec, "rerank_codecs").kind


def _factor(factor: float) -> float:
    if not 1 <= real(factor, "rerank_factors") <= 1000:
        raise ArgumentError(f"rerank_factors has {factor!r}, expected 1 to 1000", "rerank_factors")
    return float(factor)


def _bits(bits: int) -> int:
    if bits not in (8, 15):
        raise ArgumentError(f"query_bits has {bits!r}, expected 8 or 15", "query_bits")
    return int(bits)


def named(codec: str | Codec, metric: Metric) -> Codec:
    """Return the codec that an index makes of a kind's name."""
    return Codec.of(codec, "codecs", metric=metric)


def short(codec: Codec, metric: Metric) -> str | Codec:
    """Return the kind's name if that is enough to make the codec, else the codec."""
    return codec.kind if repr(codec) == repr(named(codec.kind, metric)) else codec


def _varied(metric: Metric) -> Iterator[Codec]:
    """Yield int8 codecs with other settings, which suit some data better."""
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
