"""The records of a run, in a file as they come: what was measured outlives the process."""

from pathlib import Path
from typing import TextIO

from vecq.bench.records import Point, Record, Run, line_of, write
from vecq.datasets.paths import writing


class Journal:
    """Keeps records. Until `finish` the file says of the run that it was stopped.

    A point that is repeated has a line for each time; whoever reads takes the last one.
    """

    def __init__(self, about: Run, path: Path | None = None) -> None:
        self.about, self.path = about, path
        self.records: list[Record] = [about]
        self._file: TextIO | None = None

    def add(self, *records: Record) -> None:
        for record in records:
            self.records.append(record)
            self._write(record)

    def sketch(self, point: Point) -> None:
        """Writes a point as it is now; it is added once all of it is known."""
        self._write(point)

    def finish(self) -> None:
        """Closes the file, or puts all records in its place if any of them were measured."""
        if self._file is None or self.path is None:
            return
        self._file.close()
        with writing(self.path) as part:
            write(self.records, part)

    def _write(self, record: Record) -> None:
        if self.path is None:
            return
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("w", encoding="utf-8")
            stopped, self.about.interrupted = self.about.interrupted, True
            self._write(self.about)
            self.about.interrupted = stopped
        self._file.write(line_of(record) + "\n")
        self._file.flush()
