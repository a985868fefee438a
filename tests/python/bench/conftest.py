from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from vecq.bench import Plan, Record, run
from vecq.bench.progress import Progress
from vecq.bench.records import Build, Point
from vecq.datasets import Csr, Dataset, heavy_tailed


@pytest.fixture(autouse=True)
def own_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make broken_indexes importable."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))


@pytest.fixture(scope="session")
def data() -> Dataset:
    """A small set: users have seen the best five items, and chose the next three."""
    plain = heavy_tailed(2000, 24, 60)
    best = np.argsort(-plain.test @ plain.train.T, axis=1)
    seen, heldout = Csr.of(list(best[:, :5])), Csr.of(list(best[:, 5:8]))
    return Dataset("small", "ip", plain.train, plain.test, seen=seen, heldout=heldout)


class Measured:
    """The records of a run, with lookups."""

    def __init__(self, records: list[Record]) -> None:
        self.records, self.about = records, records[0]

    def all(self, kind: type) -> list:
        return [record for record in self.records if isinstance(record, kind)]

    def points(self, contender: str, regime: str = "batch") -> list[Point]:
        return [p for p in self.all(Point) if (p.contender, p.regime) == (contender, regime)]

    def build(self, contender: str) -> Build:
        (found,) = (one for one in self.all(Build) if one.contender == contender)
        return found


@pytest.fixture
def measure(data: Dataset) -> Callable[..., Measured]:
    """Run a minimal plan with some options changed."""

    def call(*peers: str, path: Path | None = None, **options: object) -> Measured:
        small = {"codecs": (), "k": [10], "regimes": ["batch"], "repetitions": 1, "threads": 1}
        small |= {"isas": (), "accuracy": False, "build_threads": 2, "quick": True}
        plan = Plan(**{"data": data, "peers": peers, **small, **options})
        return Measured(run(plan, Progress(quiet=True), path))

    return call
