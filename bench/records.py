"""Records of a benchmark run: one JSON object per line, whose "kind" names its class.

Readers ignore unknown fields and kinds, and refuse files of a later version. Times are in seconds,
shares from 0 to 1; null stands for a value that was not measured.
"""

import json
import statistics
from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, Field, asdict, dataclass, field, fields
from itertools import pairwise
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, ClassVar, Literal, TextIO, Union, get_args, get_origin, get_type_hints

from vecq import ArgumentError
from vecq.core.json_values import parsed

VERSION = 2
# Fields of version 1 that have another name now.
RENAMED = {"contestant": "contender"}

Regime = Literal["single", "batch", "concurrent", "processes"]


@dataclass
class Record:
    """The base of all records; `kind` marks the line of each."""

    kind: ClassVar[str]


@dataclass
class Run(Record):
    """A run: when, on what, with which arguments. The first line of a file."""

    kind: ClassVar[str] = "run"
    started: str  # UTC, ISO 8601
    command: str
    machine: dict[str, Any]  # cpu, cores, memory_bytes, isa, kernel, nodes
    versions: dict[str, str]
    parameters: dict[str, Any]  # all arguments of the run
    notes: list[str] = field(default_factory=list)  # parts that were left out, and why
    seconds: float = 0.0
    interrupted: bool = False  # it was stopped: the file holds what was measured until then
    version: int = VERSION


@dataclass
class Data(Record):
    """A data set that was measured on."""

    kind: ClassVar[str] = "data"
    data: str
    rows: int
    dim: int
    queries: int
    metric: str
    heldout: bool  # has items that users chose later
    seen: bool  # has items that users have seen, which are excluded
    truth: str = ""  # source of the true neighbors


# How bytes were counted.
SAVED, OWN, GROWTH = "as saved", "reported by the index", "growth of the process"


@dataclass
class Build(Record):
    """How a contender built its index, or failed to."""

    kind: ClassVar[str] = "build"
    data: str
    contender: str
    settings: dict[str, Any]
    family: str  # "vecq" or "peer"
    codec: str | None
    seconds: float | None
    threads: int
    resident_bytes: int | None  # in memory
    file_bytes: int | None  # as it is saved
    bytes_per_vector: float | None
    error: str | None = None
    bytes_are: str = ""  # what bytes_per_vector counts
    resident_is: str = ""  # how resident_bytes was found
    system: str = ""  # the library and index type that this is a variant of; "": the contender

    @property
    def group(self) -> str:
        """The name under which variants that differ in build settings are compared."""
        return self.system or self.contender


# Why the sweep of a contender ends, and how a sentence about it goes on.
ENDINGS = {
    "recall": "reaches enough at",
    "time": "takes too long beyond",
    "saturation": "saturates at",
    "ladder": "has no further settings beyond",
    "errors": "fails beyond",
}


@dataclass
class Point(Record):
    """One setting of one contender in one regime: a point of its curve."""

    kind: ClassVar[str] = "point"
    data: str
    contender: str
    k: int
    regime: Regime
    setting: dict[str, Any]
    threads: int = 1
    processes: int = 1
    recall: float | None = None  # share of the true k best that were found
    qps: list[float] = field(default_factory=list)  # of every repetition
    latency: dict[str, float] | None = None  # p50, p95, p99, p999 over all repetitions
    latency_curve: list[list[float]] | None = None  # ascending [quantile, seconds]
    hops: float | None = None  # per query
    distances: float | None = None  # per query
    limit_share: float | None = None  # of the speed that the machine allows
    business: dict[str, float] | None = None  # hit_rate, recall, ndcg: of held-out items
    duplicates: int = 0  # ids that repeat within a query
    short: int = 0  # ids that are missing although there were enough items
    invalid: int = 0  # ids that belong to no item
    error: str | None = None  # why this point is not to be trusted, in one line
    ended: str | None = None  # why the sweep ends here, one of ENDINGS

    @property
    def speed(self) -> float:
        """Median QPS of the repetitions."""
        return statistics.median(self.qps) if self.qps else 0.0

    @property
    def spread(self) -> float:
        """Range of the repetitions, as a share of the median."""
        return (max(self.qps) - min(self.qps)) / self.speed if self.speed else 0.0


@dataclass
class Accuracy(Record):
    """What codes alone cost: exact search on them, no graph."""

    kind: ClassVar[str] = "accuracy"
    data: str
    k: int
    metric: str  # recall, hit_rate, heldout_recall, ndcg
    fp32: float
    int8: float
    int16: float
    int12: float | None = None  # this and the next are absent in records of earlier runs
    int4: float | None = None


@dataclass
class IsaSpeed(Record):
    """One instruction set, forced in a process of its own."""

    kind: ClassVar[str] = "isa"
    data: str
    isa: str
    k: int
    ef: int
    codec: str
    recall: float
    qps: list[float]
    same_as_first: bool  # the same ids as the first instruction set found

    @property
    def speed(self) -> float:
        """Median QPS of the repetitions."""
        return statistics.median(self.qps) if self.qps else 0.0


KINDS: dict[str, type[Record]] = {
    kind.kind: kind for kind in (Run, Data, Build, Point, Accuracy, IsaSpeed)
}


def _is_share(value: float) -> bool:
    return value <= 1


def _rises(curve: list[list[float]]) -> bool:
    pairs = all(len(pair) == 2 for pair in curve)
    return pairs and all(a <= b for a, b in pairwise(quantile for quantile, _ in curve))


# Conditions on values beyond their type.
RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(("recall", "fp32", "int8", "int16", "int12", "int4"), (_is_share, "0 to 1")),
    "latency_curve": (_rises, "ascending pairs of quantile and seconds"),
}


def line_of(record: Record) -> str:
    """Return a record as its line, without the newline."""
    return json.dumps({"kind": record.kind, **asdict(record)}, allow_nan=False)


def write(records: Iterable[Record], target: str | Path | TextIO) -> None:
    """Write records to a file, or to an open stream.

    >>> write([Data("toy", 1000, 64, 10, "ip", False, False)], "run.jsonl")
    """
    if isinstance(target, str | Path):
        with open(target, "w", encoding="utf-8") as file:
            write(records, file)
        return
    for record in records:
        target.write(line_of(record) + "\n")


def read(path: str | Path) -> list[Record]:
    """Read the records of a file.

    Raises:
        ArgumentError: The file can't be read, or has a malformed record; names line and field.

    >>> read("run.jsonl")[0].rows
    1000
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ArgumentError(f"path: {path} can't be read: {error}", "path") from None
    return _latest(parse(text.splitlines(), str(path)))


def parse(lines: Iterable[str], name: str) -> Iterator[Record]:
    """Yield the records of lines; errors call their source `name`."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"path: {name}, line {number}"
        try:
            values = parsed(line, _refuse)
        except ValueError as error:
            raise ArgumentError(f"{where} is not JSON: {error}", "path") from None
        if not isinstance(values, dict) or not isinstance(values.get("kind"), str):
            raise ArgumentError(f'{where} has no field "kind": expected a benchmark record', "path")
        for old, new in RENAMED.items():
            if old in values:
                values.setdefault(new, values.pop(old))
        if values["kind"] in KINDS:
            yield _record(KINDS[values["kind"]], values, where)


def _latest(records: Iterable[Record]) -> list[Record]:
    """Keep the last line of each point: an interrupted run wrote one after every repetition."""
    found: dict[str | int, Record] = {}
    for number, record in enumerate(records):
        key: str | int = number
        if isinstance(record, Point):
            where = (record.data, record.contender, record.k, record.regime, record.setting)
            key = repr((*where, record.threads, record.processes))
        found[key] = record
    return list(found.values())


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a JSON number")


def _record(kind: type[Record], values: dict[str, Any], where: str) -> Record:
    if kind is Run and isinstance(values.get("version"), int) and values["version"] > VERSION:
        raise ArgumentError(
            f"{where} is of version {values['version']}, but this vecq reads up to {VERSION}: "
            "install a newer vecq",
            "path",
        )
    types, known = get_type_hints(kind), {}
    for one in fields(kind):
        if one.name not in values:
            if _required(one):
                raise ArgumentError(f"{where} ({kind.kind}) has no field {one.name!r}", "path")
            continue
        known[one.name] = values[one.name]
        expected = None
        if not _fits(known[one.name], types[one.name]):
            expected = _text(types[one.name])
        elif one.name in RULES and known[one.name] is not None:
            rule, said = RULES[one.name]
            expected = None if rule(known[one.name]) else said
        if expected is not None:
            raise ArgumentError(
                f"{where} ({kind.kind}) has {one.name} = {known[one.name]!r:.60}, "
                f"expected {expected}",
                "path",
            )
    return kind(**known)


def _required(one: "Field[Any]") -> bool:
    return one.default is MISSING and one.default_factory is MISSING


def _fits(value: object, hint: Any) -> bool:
    """Whether a value out of JSON is of a type."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(_fits(value, one) for one in inner)
    if origin is Literal:
        return value in inner
    if origin is list:
        return isinstance(value, list) and all(_fits(one, inner[0]) for one in value)
    if origin is dict:
        return isinstance(value, dict) and all(_fits(one, inner[1]) for one in value.values())
    if hint is Any:
        return True
    if hint in (int, float):
        return isinstance(value, (int, hint)) and not isinstance(value, bool) and _counts(value)
    return isinstance(value, hint)


def _counts(number: float) -> bool:
    """Whether a number is plausible: not negative, and not astronomically large or small."""
    return number == 0 or 1e-18 <= number <= 1e18


def _text(hint: Any) -> str:
    inner = get_args(hint)
    if get_origin(hint) is Literal:
        return ", ".join(map(repr, inner))
    if get_origin(hint) in (Union, UnionType):
        return " or ".join("null" if one is NoneType else _text(one) for one in inner)
    return getattr(hint, "__name__", str(hint)) if not inner else str(hint)
