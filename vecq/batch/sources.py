"""Columns of Parquet, Arrow and CSV files and of Arrow objects, verified and read in blocks."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vecq.core.arguments import type_of
from vecq.core.errors import ArgumentError, FileError, UnsupportedError
from vecq.storage.paths import require_file

PARQUET, ARROW, CSV = {".parquet", ".pq"}, {".arrow", ".feather", ".ipc"}, {".csv", ".tsv"}
FORMS = (
    "a .parquet, .arrow or .csv file, a folder of such files, an Arrow table, reader or data set, "
    "or an iterable of record batches"
)
# Rows that are read at a time, and bytes of a CSV file.
READ_ROWS, READ_BYTES = 1 << 14, 1 << 23
# Bytes of a Parquet file that are read at a time. By default pyarrow reads the columns of all row
# groups ahead, or of one, and keeps them in memory.
BUFFER_BYTES = 1 << 20


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
            "reading Parquet and Arrow needs the package pyarrow: pip install 'vecq[parquet]'"
        ) from None
    return pyarrow


@dataclass
class Source:
    """An argument that holds rows: files, or an object of Arrow."""

    argument: str
    files: list[Path]
    table: Any = None  # without files: something to iterate over, or a data set of Arrow
    schema: Any = None
    rows: int | None = None  # None: not known before they are read
    texts: dict[str, Any] = field(default_factory=dict)  # types of columns of CSV files
    is_repeatable: bool = True  # whether `batches` may be called more than once

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

    def batches(self, columns: list[str], rows: int = READ_ROWS) -> Iterator[Any]:
        """Yield record batches of some columns, of at most `rows` rows from files and data sets."""
        pa = arrow()
        try:
            if not self.files:
                is_dataset = hasattr(self.table, "scanner")
                for batch in _scanned(self.table, columns, rows) if is_dataset else self.table:
                    yield _decoded(_selected(self, batch, columns))
            for path in self.files:
                yield from map(_decoded, _read(path, columns, self.texts, rows))
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
        return Source(argument, [], given, given.schema, is_repeatable=False)
    if hasattr(given, "scanner") and hasattr(given, "count_rows"):  # pyarrow.dataset.Dataset
        return Source(argument, [], given, given.schema, given.count_rows())
    if hasattr(given, "__arrow_c_stream__"):
        reader = pa.RecordBatchReader.from_stream(given)
        return Source(argument, [], reader, reader.schema, is_repeatable=False)
    if isinstance(given, Iterable):
        return _of_iterable(given, argument)
    raise ArgumentError(f"{argument} is {type_of(given)}, expected {FORMS}", argument)


def _of_iterable(given: Iterable[Any], argument: str) -> Source:
    pa, rest = arrow(), iter(given)
    first = next(rest, None)
    if not isinstance(first, pa.RecordBatch):
        found = "empty" if first is None else f"an iterable of {type(first).__name__}"
        raise ArgumentError(f"{argument} is {found}, expected {FORMS}", argument)

    def chained() -> Iterator[Any]:
        yield first
        yield from rest

    return Source(argument, [], chained(), first.schema, is_repeatable=False)


def _of_files(path: Path, argument: str) -> Source:
    known = PARQUET | ARROW | CSV
    files = (
        sorted(one for one in path.iterdir() if one.suffix in known) if path.is_dir() else [path]
    )
    if not files:
        raise ArgumentError(f"{argument}: {path} has no files, expected {FORMS}", argument)
    for file in files:
        require_file(file, argument)
        if file.suffix not in known:
            raise ArgumentError(
                f"{argument}: {file} has the suffix {file.suffix!r}, expected a .parquet, .arrow "
                "or .csv file, or a folder of such files",
                argument,
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


def _scanned(dataset: Any, columns: list[str], rows: int) -> Iterator[Any]:
    """Read a data set of Arrow, which by default reads many batches ahead."""
    from pyarrow.dataset import ParquetFileFormat, ParquetFragmentScanOptions

    options: dict[str, Any] = {"batch_readahead": 1, "fragment_readahead": 1}
    if isinstance(getattr(dataset, "format", None), ParquetFileFormat):
        options["fragment_scan_options"] = ParquetFragmentScanOptions(
            use_buffered_stream=True, buffer_size=BUFFER_BYTES, pre_buffer=False
        )
    scanner = dataset.scanner(columns=columns, batch_size=rows, **options)
    yield from scanner.to_batches()


def _read(path: Path, columns: list[str], texts: dict[str, Any], rows: int) -> Iterator[Any]:
    pa = arrow()
    if path.suffix in PARQUET:
        with pa.parquet.ParquetFile(path, buffer_size=BUFFER_BYTES, pre_buffer=False) as file:
            yield from file.iter_batches(rows, columns=columns)
    elif path.suffix in ARROW:
        with pa.memory_map(str(path)) as memory, pa.ipc.open_file(memory) as file:
            for number in range(file.num_record_batches):
                batch = file.get_batch(number).select(columns)
                for first in range(0, batch.num_rows, rows):
                    yield batch.slice(first, rows)
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
