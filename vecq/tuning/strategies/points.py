"""The points of a space: one choice of every setting but `ef`."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from vecq.quantization.codec import Codec
from vecq.tuning.space import Build, Graph
from vecq.tuning.trial import Trial
from vecq.tuning.trial_runner import TrialRunner


@dataclass(frozen=True)
class Point:
    """One choice of every setting but `ef`, which follows from the criterion."""

    codec: Codec
    rerank_codec: str | None
    rerank: float
    graph: Graph
    query_bits: int
    scan: bool

    @property
    def build(self) -> Build:
        return Build(self.codec, self.rerank_codec, self.graph)

    def attempt(self, runner: TrialRunner) -> Trial:
        return runner.attempt(self.build, self.rerank, self.query_bits, self.scan)


def points_of(runner: TrialRunner) -> list[Point]:
    """Return all points, ordered so that those with the same graph follow each other."""
    return list(_each(runner))


def _each(runner: TrialRunner) -> Iterator[Point]:
    space = runner.space
    rerank_codecs = sorted(space.rerank_codecs, key=lambda rerank_codec: rerank_codec is None)
    plans = (False, True) if space.scans else (False,)
    for graph, codec, rerank_codec in product(
        space.graphs(), space.candidates(runner.problem.metric), rerank_codecs
    ):
        reranks = space.rerank_factors if rerank_codec else (0.0,)
        for rerank, bits, scan in product(reranks, space.bits(codec), plans):
            yield Point(codec, rerank_codec, rerank, graph, bits, scan)
