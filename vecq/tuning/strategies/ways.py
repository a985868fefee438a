"""Ways to search a codec that its own loss leaves possible."""

from dataclasses import dataclass

from vecq.quantization.codec import Codec
from vecq.tuning.screening import Store, bytes_of
from vecq.tuning.space import Build, Graph
from vecq.tuning.trial import Trial
from vecq.tuning.workbench import Workbench

# Scoring anew is tried where codes alone lose more than this share of what may be lost.
WORTHWHILE = 0.2


@dataclass(frozen=True)
class Ways:
    """A codec, the wider store beside it, and pairs of a rerank factor and query bits."""

    codec: Codec
    wide: str | None
    pairs: tuple[tuple[float, int], ...]

    def build(self, graph: Graph) -> Build:
        return Build(self.codec, self.wide, graph)

    def trials(self, bench: Workbench, scan: bool = False) -> int:
        """How many there are on one graph."""
        return len(self.pairs) + (scan and bench.space.scans and len(self.pairs) > 0)

    def attempt(self, bench: Workbench, graph: Graph, scan: bool = False) -> list[Trial]:
        """Tries all of them on one graph, and scans by the one that walks fastest."""
        build = self.build(graph)
        walks = [bench.attempt(build, rerank, bits) for rerank, bits in self.pairs]
        if not (scan and bench.space.scans and walks):
            return walks
        fastest = max(walks, key=lambda trial: (trial.state == "met", bench.gain(trial))).search
        return [*walks, bench.attempt(build, fastest.rerank, fastest.query_bits, scan=True)]


def ways_of(bench: Workbench, store: Store) -> Ways:
    """What may meet the criterion on a store; nothing, if pairs are empty."""
    wide = wider(bench, store)
    pairs = [
        pair for bits in bench.space.bits(store.codec) for pair in _pairs(bench, store, wide, bits)
    ]
    used = any(rerank for rerank, _ in pairs)
    return Ways(store.codec, wide if used else None, tuple(pairs))


def wider(bench: Workbench, store: Store) -> str | None:
    """The lightest second store that is wider than the codes and for which there is room."""
    sample = bench.problem.sample(64)
    kinds = [kind for kind in bench.space.rerank_codecs if kind is not None]
    weights = {kind: bytes_of(Codec.of(kind), sample) for kind in kinds}
    wider = [kind for kind in kinds if weights[kind] > store.bytes]
    light = [kind for kind in wider if not bench.too_heavy(store.codec, kind)]
    return min(light or wider, key=lambda kind: weights[kind], default=None)


def _pairs(bench: Workbench, store: Store, wide: str | None, bits: int) -> list[tuple[float, int]]:
    """Without scoring anew, then with the fewest candidates that suffice, then with some more."""
    alone = bench.screening.feasible(store, 0, bits)
    found = [(0.0, bits)] if alone else []
    factors = sorted(bench.space.rerank_factors) if wide else []
    if not factors:
        return found
    gain = bench.screening.value(store, factors[-1], bits) - bench.screening.value(store, 0, bits)
    if alone and gain < WORTHWHILE * (1 - bench.problem.criterion.least):
        return found
    enough = [factor for factor in factors if bench.screening.feasible(store, factor, bits)]
    return found + [(factor, bits) for factor in enough[:2]]
