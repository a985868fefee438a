"""vecq itself: one contender for each codec."""

from pathlib import Path
from typing import Any

import vecq
from vecq.bench.adapters.adapter import Adapter, Floats
from vecq.bench.adapters.ladders import Setting


class Vecq(Adapter):
    """An index with a codec; "int8+fp16" reranks candidates of int8 on fp16."""

    family = "vecq"
    module = package = "vecq"

    def __init__(self, *, codec: str = "int8", **options: Any) -> None:
        self.name, self.codec = f"vecq {codec}", codec
        narrow, _, wide = codec.partition("+")
        self.settings = {"codec": narrow, "rerank_codec": wide or None, **options}
        self.index: vecq.Index

    def build(self, vectors: Floats, metric: str, threads: int) -> None:
        self.index = vecq.Index(vectors.shape[1], metric, **self.settings)
        self.index.add(vectors, threads=threads, progress=False)

    def set(self, setting: Setting, k: int, threads: int) -> None:
        self.options = {**setting, "threads": threads}

    def search(self, queries: Floats, k: int) -> vecq.Result:
        return self.index.search(queries, k, **self.options)

    def search_unseen(self, queries: Floats, k: int, seen: Any) -> vecq.Result:
        return self.index.search(queries, k, exclude=seen, **self.options)

    def ids(self, answer: vecq.Result) -> Any:
        return answer.ids

    def scores(self, answer: vecq.Result) -> Any:
        return answer.scores

    def memory(self) -> int:
        return self.index.stats().bytes

    def save(self, path: Path) -> None:
        self.index.save(path)

    def load(self, path: Path, metric: str, dim: int, rows: int) -> None:
        self.index = vecq.open(path)

    def counts(self, answers: list[vecq.Result]) -> tuple[int, int]:
        return sum(a.hops for a in answers), sum(a.n_scored for a in answers)
