"""Records of storage: what a save wrote, what a check found, what a file contains."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Problem:
    """A fault in an index."""

    location: str  # "links of layer 0, node 17"
    message: str  # "links to itself"

    def __str__(self) -> str:
        return f"{self.location}: {self.message}"


@dataclass(frozen=True)
class Check:
    """The faults that `Index.check` found."""

    problems: tuple[Problem, ...]  # the first of them
    count: int  # of all

    @property
    def ok(self) -> bool:
        """Whether there is no fault."""
        return self.count == 0

    def __str__(self) -> str:
        if self.ok:
            return "nothing is wrong"
        more = self.count - len(self.problems)
        lines = [*map(str, self.problems), *([f"and {more:,} more"] if more else [])]
        return "\n".join(lines)


@dataclass(frozen=True)
class Saved:
    """A file that was written."""

    bytes: int
    seconds: float  # duration of the save
    pause_seconds: float  # for which changes had to wait

    def __str__(self) -> str:
        return f"{self.bytes:,} bytes in {self.seconds:.2f} s"


@dataclass(frozen=True)
class Section:
    """One array of a file."""

    name: str
    element_bytes: int
    count: int
    offset: int
    checksum: int

    @property
    def bytes(self) -> int:
        return self.element_bytes * self.count


@dataclass(frozen=True)
class FileInfo:
    """The section table of a file."""

    path: str
    format: int
    writer_version: str  # the version that wrote it
    min_reader_version: str  # the oldest version that reads it
    bytes: int
    sections: tuple[Section, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return asdict(self)

    def __str__(self) -> str:
        lines = [
            f"{self.path}: {self.bytes:,} bytes, format {self.format}, written by vecq "
            f"{self.writer_version}, read by {self.min_reader_version} and later",
            f"{'section':<28}{'elements':>16}{'bytes per element':>20}{'bytes in all':>20}",
        ]
        lines += [
            f"{one.name:<28}{one.count:>16,}{one.element_bytes:>20,}{one.bytes:>20,}"
            for one in self.sections
        ]
        return "\n".join(lines)
