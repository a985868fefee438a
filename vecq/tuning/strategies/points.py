"""The points of a space: choices of everything but `ef`."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from vecq.quantization.codec import Codec
from vecq.tuning.space import Build, Graph
from vecq.tuning.trial import Trial
from vecq.tuning.workbench import Workbench


@dataclass(frozen=True)
class Point:
    """One choice of everything but `ef`, which follows from the criterion."""

    codec: Codec
    wide: str | None
    rerank: float
    graph: Graph
    query_bits: int
    scan: bool

    @property
    def build(self) -> Build:
        return Build(self.codec, self.wide, self.graph)

    def attempt(self, bench: Workbench) -> Trial:
        return bench.attempt(self.build, self.rerank, self.query_bits, self.scan)


def points_of(bench: Workbench) -> list[Point]:
    """All of them; those that share a graph follow each other, with the wider store first."""
    return list(_each(bench))


def _each(bench: Workbench) -> Iterator[Point]:
    space = bench.space
    wides = sorted(space.rerank_codecs, key=lambda wide: wide is None)
    plans = (False, True) if space.scans else (False,)
    for graph, codec, wide in product(
        space.graphs(), space.candidates(bench.problem.metric), wides
    ):
        reranks = space.rerank_factors if wide else (0.0,)
        for rerank, bits, scan in product(reranks, space.bits(codec), plans):
            yield Point(codec, wide, rerank, graph, bits, scan)
