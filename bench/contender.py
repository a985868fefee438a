"""A contender: an adapter, its built index, and the queries in the form that it takes."""

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from vecq.bench.adapters import Adapter, Setting, Spec
from vecq.bench.machine import private_bytes
from vecq.bench.recommendation import outcome, recommend
from vecq.bench.records import GROWTH, OWN, SAVED, Build
from vecq.bench.subprocess_call import one_line
from vecq.core.json_values import plain
from vecq.datasets import Dataset

if TYPE_CHECKING:
    from vecq.bench.regimes import Regime, Timing


class Contender:
    """One index of one run."""

    adapter: Adapter

    def __init__(self, spec: Spec, data: Dataset) -> None:
        self.spec, self.data = spec, data
        self.adapter = spec.make()
        if spec.own:
            self.adapter.family = "peer"
        self.name = self.adapter.name
        self.queries = np.empty((0, 0), np.float32)
        self._saved: Path | None = None

    def enter(self, threads: int) -> Build:
        """Build the index and record how; an error is recorded, not raised."""
        adapter, data = self.adapter, self.data
        record = Build(
            *(data.name, self.name, plain(adapter.settings), adapter.family, adapter.codec),
            *(None, threads, None, None, None),
            system=adapter.system,
        )
        try:
            self._build(threads, record)
        except Exception as error:
            record.error = one_line(error)
        return record

    def prepared(self) -> NDArray[np.float32]:
        """Return the queries in the form that the index takes."""
        return self.queries

    def ladder(self, k: int) -> list[Setting]:
        """Return the settings to sweep, from fast to thorough."""
        found = list(self.adapter.ladder(k, len(self.data.train)))
        if not found or not all(isinstance(setting, dict) for setting in found):
            raise TypeError(f"ladder gave {found!r:.60}, expected dicts of settings")
        return found

    def measure(self, regime: "Regime", k: int, setting: Setting) -> "Timing":
        """Run all searches of a regime once with a setting."""
        # In the checkout, mypy knows this class as bench.contender.Contender as well.
        return regime.measure(cast(Any, self), k, setting)

    def business(self, k: int, setting: Setting, threads: int) -> dict[str, float] | None:
        """Return measures of held-out items of unseen recommendations, or None."""
        ids = recommend(self.adapter, self.data, self.queries, k, setting, threads)
        return outcome(ids, self.data.heldout) or None

    def saved(self, folder: Path) -> Path:
        """Return the saved file of the index; it is written once."""
        if self._saved is None or not self._saved.exists():
            path = folder / f"{len(list(folder.iterdir()))}.index"
            self._save(path)
            self._saved = path
        return self._saved

    def close(self) -> None:
        """Release the index."""
        self.adapter.close()

    def _save(self, path: Path) -> None:
        self.adapter.save(path)

    def _build(self, threads: int, record: Build) -> None:
        adapter, data = self.adapter, self.data
        train = adapter.prepare(data.train, data.metric)
        before = private_bytes()
        start = time.perf_counter()
        adapter.build(train, data.metric, threads)
        record.seconds = time.perf_counter() - start
        grown = max(0, private_bytes() - before) or None
        self.queries = adapter.prepare_queries(data.test, data.metric)
        own = adapter.memory()
        record.resident_bytes = grown if own is None else own
        record.resident_is = "" if record.resident_bytes is None else GROWTH if own is None else OWN
        record.file_bytes = self._file_bytes()
        record.bytes_are = record.resident_is if record.file_bytes is None else SAVED
        counted = record.resident_bytes if record.file_bytes is None else record.file_bytes
        record.bytes_per_vector = None if counted is None else counted / len(train)

    def _file_bytes(self) -> int | None:
        """Return the bytes of the saved index; save it if the adapter does not know."""
        known = self.adapter.file_bytes()
        if known is not None or not self.adapter.shared:
            return known
        with tempfile.TemporaryDirectory(prefix="vecq-bench-") as folder:
            path = Path(folder) / "index"
            self._save(path)
            return _size(path)


def _size(path: Path) -> int:
    """Return the bytes of a file, or of all files of a folder."""
    return sum(part.stat().st_size for part in (path, *path.rglob("*")) if part.is_file())
