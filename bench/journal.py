"""Append the records of a run to a file at once, so that they survive a crash."""

from pathlib import Path
from typing import TextIO

from vecq.bench.records import Point, Record, Run, line_of, write
from vecq.datasets.paths import writing


class Journal:
    """Records in memory and in a file. Until `finish`, the file marks the run as interrupted.

    A repeated point has one line per repetition; readers keep the last one.
    """

    def __init__(self, about: Run, path: Path | None = None) -> None:
        self.about, self.path = about, path
        self.records: list[Record] = [about]
        self._file: TextIO | None = None

    def add(self, *records: Record) -> None:
        """Add records, and append them to the file."""
        for record in records:
            self.records.append(record)
            self._write(record)

    def sketch(self, point: Point) -> None:
        """Write the current state of a point; `add` follows after the last repetition."""
        self._write(point)

    def finish(self) -> None:
        """Replace the file by one with all final records, if any were measured."""
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
