"""Search variants of one codec: with and without reranking, by how many query bits."""

from dataclasses import dataclass

from vecq.quantization.codec import Codec
from vecq.tuning.screening import CodecLoss, bytes_of
from vecq.tuning.space import Build, Graph
from vecq.tuning.trial import Trial
from vecq.tuning.trial_runner import TrialRunner

# Share of the allowed loss that codes alone must lose for reranking to be tried.
WORTHWHILE = 0.2


@dataclass(frozen=True)
class SearchVariants:
    """A codec, its rerank codec, and pairs of a rerank factor and query bits."""

    codec: Codec
    rerank_codec: str | None
    pairs: tuple[tuple[float, int], ...]

    def build(self, graph: Graph) -> Build:
        return Build(self.codec, self.rerank_codec, graph)

    def trials(self, runner: TrialRunner, scan: bool = False) -> int:
        """Return the number of trials on one graph."""
        return len(self.pairs) + (scan and runner.space.scans and len(self.pairs) > 0)

    def attempt(self, runner: TrialRunner, graph: Graph, scan: bool = False) -> list[Trial]:
        """Try all pairs on one graph; if `scan`, also scan with the pair that walks fastest."""
        build = self.build(graph)
        walks = [runner.attempt(build, rerank, bits) for rerank, bits in self.pairs]
        if not (scan and runner.space.scans and walks):
            return walks
        fastest = max(walks, key=lambda trial: (trial.state == "met", runner.gain(trial))).search
        return [*walks, runner.attempt(build, fastest.rerank, fastest.query_bits, scan=True)]


def variants_of(runner: TrialRunner, loss: CodecLoss) -> SearchVariants:
    """Return the variants of a codec that may meet the criterion; possibly none."""
    rerank_codec = smallest_rerank_codec(runner, loss)
    pairs = [
        pair
        for bits in runner.space.bits(loss.codec)
        for pair in _pairs(runner, loss, rerank_codec, bits)
    ]
    used = any(rerank for rerank, _ in pairs)
    return SearchVariants(loss.codec, rerank_codec if used else None, tuple(pairs))


def smallest_rerank_codec(runner: TrialRunner, loss: CodecLoss) -> str | None:
    """Return the smallest rerank codec that is more precise than a codec and fits the memory."""
    sample = runner.problem.sample(64)
    kinds = [kind for kind in runner.space.rerank_codecs if kind is not None]
    sizes = {kind: bytes_of(Codec.of(kind), sample) for kind in kinds}
    larger = [kind for kind in kinds if sizes[kind] > loss.bytes]
    fitting = [kind for kind in larger if not runner.is_too_large(loss.codec, kind)]
    return min(fitting or larger, key=lambda kind: sizes[kind], default=None)


def _pairs(
    runner: TrialRunner, loss: CodecLoss, rerank_codec: str | None, bits: int
) -> list[tuple[float, int]]:
    """Return no reranking, the smallest sufficient rerank factor, and the next larger one."""
    screening = runner.screening
    alone = screening.is_feasible(loss, 0, bits)
    found = [(0.0, bits)] if alone else []
    factors = sorted(runner.space.rerank_factors) if rerank_codec else []
    if not factors:
        return found
    gain = screening.value(loss, factors[-1], bits) - screening.value(loss, 0, bits)
    if alone and gain < WORTHWHILE * (1 - runner.problem.criterion.least):
        return found
    enough = [factor for factor in factors if screening.is_feasible(loss, factor, bits)]
    return found + [(factor, bits) for factor in enough[:2]]
