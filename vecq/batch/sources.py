"""Columns of Parquet, Arrow and CSV files and of Arrow objects, verified and read in blocks."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vecq.core.errors import ArgumentError, FileError, UnsupportedError

PARQUET, ARROW, CSV = {".parquet", ".pq"}, {".arrow", ".feather", ".ipc"}, {".csv", ".tsv"}
FORMS = (
    "a .parquet, .arrow or .csv file, a folder of such files, an Arrow table or reader, or an "
    "iterable of record batches"
)
# Rows that are read at a time, and bytes of a CSV file.
READ_ROWS, READ_BYTES = 1 << 14, 1 << 23


def arrow() -> Any:
    """Return pyarrow.

    Raises:
        UnsupportedError: It is not installed.
    """
    try:
        import pyarrow
        import pyarrow.compute
        import pyarrow.csv
        import pyarrow.parquet
    except ImportError:
        raise UnsupportedError(
            "recommend needs the package pyarrow: pip install 'vecq[parquet]'"
        ) from None
    return pyarrow


@dataclass
class Source:
    """An argument that holds rows: files, or an object of Arrow."""

    argument: str
    files: list[Path]
    table: Any = None  # without files: something to iterate over
    schema: Any = None
    rows: int | None = None  # None: not known before they are read
    texts: dict[str, Any] = field(default_factory=dict)  # types of columns of CSV files

    @property
    def name(self) -> str:
        """The name in messages."""
        return f"{self.argument}: {self.files[0]}" if self.files else self.argument

    def identity(self) -> Any:
        """Plain values that change when a file changes; None without files."""
        if not self.files:
            return None
        states = [(path, path.stat()) for path in self.files]
        return [[str(path.resolve()), one.st_size, one.st_mtime_ns] for path, one in states]

    def refuse(self, text: str) -> ArgumentError:
        """An error that names the argument and the file."""
        return ArgumentError(f"{self.name} {text}", self.argument)

    def batches(self, columns: list[str]) -> Iterator[Any]:
        """Yield record batches of some columns."""
        pa = arrow()
        try:
            if not self.files:
                for batch in self.table:
                    yield _decoded(_selected(self, batch, columns))
            for path in self.files:
                yield from map(_decoded, _read(path, columns, self.texts))
        except pa.ArrowException as error:
            raise FileError(f"{self.name} can't be read: {error}", self.argument) from None


def source_of(given: Any, argument: str) -> Source:
    """Open an argument and read its schema. Columns of dictionaries count as those of values."""
    pa = arrow()
    source = _source_of(given, argument)
    source.schema = pa.schema([(one.name, _plain(one.type)) for one in source.schema])
    return source


def _plain(kind: Any) -> Any:
    return kind.value_type if arrow().types.is_dictionary(kind) else kind


def _decoded(batch: Any) -> Any:
    """Replace dictionaries by values: batches of a file must not differ in them."""
    pa = arrow()
    if not any(pa.types.is_dictionary(one.type) for one in batch.schema):
        return batch
    columns = [
        one.dictionary_decode() if pa.types.is_dictionary(one.type) else one
        for one in batch.columns
    ]
    return pa.record_batch(columns, names=batch.schema.names)


def _source_of(given: Any, argument: str) -> Source:
    pa = arrow()
    if isinstance(given, str | os.PathLike):
        return _of_files(Path(given), argument)
    if isinstance(given, pa.RecordBatch):
        given = pa.Table.from_batches([given])
    if isinstance(given, pa.Table):
        blocks = given.to_batches(READ_ROWS)
        return Source(argument, [], blocks, given.schema, given.num_rows)
    if isinstance(given, pa.RecordBatchReader):
        return Source(argument, [], given, given.schema)
    if hasattr(given, "__arrow_c_stream__"):
        reader = pa.RecordBatchReader.from_stream(given)
        return Source(argument, [], reader, reader.schema)
    if isinstance(given, Iterable):
        return _of_iterable(given, argument)
    raise ArgumentError(f"{argument} is a {type(given).__name__}, expected {FORMS}", argument)


def _of_iterable(given: Iterable[Any], argument: str) -> Source:
    pa, rest = arrow(), iter(given)
    first = next(rest, None)
    if not isinstance(first, pa.RecordBatch):
        found = "empty" if first is None else f"an iterable of {type(first).__name__}"
        raise ArgumentError(f"{argument} is {found}, expected {FORMS}", argument)

    def chained() -> Iterator[Any]:
        yield first
        yield from rest

    return Source(argument, [], chained(), first.schema)


def _of_files(path: Path, argument: str) -> Source:
    known = PARQUET | ARROW | CSV
    files = (
        sorted(one for one in path.iterdir() if one.suffix in known) if path.is_dir() else [path]
    )
    if not files:
        raise ArgumentError(f"{argument}: {path} has no files, expected {FORMS}", argument)
    for file in files:
        if not file.is_file():
            raise ArgumentError(f"{argument}: {file} does not exist, expected {FORMS}", argument)
        if file.suffix not in known:
            raise ArgumentError(
                f"{argument}: {file} has the suffix {file.suffix!r}, expected {FORMS}", argument
            )
    pa = arrow()
    source = Source(argument, files)
    try:
        schemas, counts = zip(*map(_described, files), strict=True)
    except (pa.ArrowException, OSError) as error:
        raise FileError(f"{source.name} can't be read: {error}", argument) from None
    source.schema = schemas[0]
    if all(count is not None for count in counts):
        source.rows = sum(counts)
    for file, schema in zip(files, schemas, strict=True):
        if file.suffix not in CSV and not schema.equals(schemas[0]):
            raise ArgumentError(
                f"{argument}: {file} has other columns than {files[0]}, expected the same", argument
            )
    return source


def _described(path: Path) -> tuple[Any, int | None]:
    """Schema and number of rows."""
    pa = arrow()
    if path.suffix in PARQUET:
        with pa.parquet.ParquetFile(path) as file:
            return file.schema_arrow, file.metadata.num_rows
    if path.suffix in ARROW:
        with pa.memory_map(str(path)) as memory, pa.ipc.open_file(memory) as file:
            count = sum(file.get_batch(i).num_rows for i in range(file.num_record_batches))
            return file.schema, count
    with _open_csv(path, None, {}) as file:
        return file.schema, None


def _read(path: Path, columns: list[str], texts: dict[str, Any]) -> Iterator[Any]:
    pa = arrow()
    if path.suffix in PARQUET:
        with pa.parquet.ParquetFile(path) as file:
            yield from file.iter_batches(READ_ROWS, columns=columns)
    elif path.suffix in ARROW:
        with pa.memory_map(str(path)) as memory, pa.ipc.open_file(memory) as file:
            for number in range(file.num_record_batches):
                batch = file.get_batch(number).select(columns)
                for first in range(0, batch.num_rows, READ_ROWS):
                    yield batch.slice(first, READ_ROWS)
    else:
        with _open_csv(path, columns, texts) as file:
            yield from file


def _open_csv(path: Path, columns: list[str] | None, texts: dict[str, Any]) -> Any:
    pa = arrow()
    return pa.csv.open_csv(
        path,
        pa.csv.ReadOptions(block_size=READ_BYTES),
        pa.csv.ParseOptions(delimiter="\t" if path.suffix == ".tsv" else ","),
        pa.csv.ConvertOptions(include_columns=columns, column_types=texts),
    )


def _selected(source: Source, batch: Any, columns: list[str]) -> Any:
    missing = [name for name in columns if name not in batch.schema.names]
    if missing:
        raise source.refuse(f"has a record batch without the column {missing[0]!r}")
    return batch.select(columns)
