"""The measures that a criterion can be of."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """How a measure is called, and whether it needs held-out interactions."""

    name: str
    held_out: bool = True


MEASURES = {
    "recall": Measure("recall", held_out=False),
    "hit_rate": Measure("hit rate"),
    "ndcg": Measure("NDCG"),
}
