"""A contestant: an adapter that has built its index, or why it has not."""

import time
from pathlib import Path

import numpy as np

from vecq.bench.adapters import Adapter, Spec
from vecq.bench.child import one_line
from vecq.bench.machine import resident_bytes
from vecq.bench.records import Build
from vecq.bench.trial import trial
from vecq.datasets import Dataset


class Contestant:
    """One index of one run."""

    def __init__(self, spec: Spec, data: Dataset) -> None:
        self.spec, self.data = spec, data
        self.adapter: Adapter = spec.make()
        self.name = self.adapter.name
        self.queries = np.empty((0, 0), np.float32)
        self._saved: Path | None = None

    def enter(self, threads: int) -> Build:
        """Builds the index and tells how; what goes wrong is told too, not raised."""
        adapter, data = self.adapter, self.data
        record = Build(
            *(data.name, self.name, adapter.settings, adapter.family, adapter.codec),
            *(None, threads, None, None, None),
        )
        if self.spec.own or adapter.try_first:
            record.error = trial(self.spec, data)
        if record.error is None:
            try:
                self._build(threads, record)
            except Exception as error:
                record.error = one_line(error)
        return record

    def _build(self, threads: int, record: Build) -> None:
        adapter, data = self.adapter, self.data
        train = adapter.prepare(data.train, data.metric)
        before = resident_bytes()
        start = time.perf_counter()
        adapter.build(train, data.metric, threads)
        record.seconds = time.perf_counter() - start
        grown = max(0, resident_bytes() - before)
        self.queries = adapter.prepare_queries(data.test, data.metric)
        record.resident_bytes, record.file_bytes = adapter.memory(), adapter.file_bytes()
        known = {
            "as saved": record.file_bytes,
            "its own account": record.resident_bytes,
            "growth of the process": grown,
        }
        record.bytes_are = next((name for name, count in known.items() if count), "")
        record.bytes_per_vector = (known.get(record.bytes_are) or 0) / len(train)

    def saved(self, folder: Path) -> Path:
        """The file of the index, written unless it is there already."""
        if self._saved is None or not self._saved.exists():
            path = folder / f"{len(list(folder.iterdir()))}.index"
            self.adapter.save(path)
            self._saved = path
        return self._saved
