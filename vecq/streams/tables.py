"""Streams of columns: Parquet and Arrow files, and objects of Arrow."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from numpy.typing import NDArray

from vecq.batch.columns import (
    existing,
    integers,
    refuse_nulls,
    require_ids,
    require_numbers,
    texts,
    vector_column,
    vectors,
)
from vecq.batch.sources import Source, arrow, source_of
from vecq.streams.block import Block, Stream, every_nth, rows_per_block

# Rows of a batch until the number of dimensions is known.
FIRST_ROWS = 1 << 10
# Batches of a block: Arrow holds several batches to read one.
BATCHES = 4


@dataclass(frozen=True)
class Columns:
    """Columns of a table: those of vectors, ids and biases, and attributes of the same names."""

    vector: str | None = None
    id: str | None = None
    bias: str | None = None
    attributes: tuple[str, ...] = ()

    def first_option(self) -> str | None:
        """Return the name of the first option that is given; None if there is none."""
        options = {"vector_column": self.vector, "id_column": self.id, "bias_column": self.bias}
        return next((name for name, given in options.items() if given is not None), None)


class TableStream(Stream):
    """Record batches of tables that have the same columns, one table after the other.

    Args:
        given: Paths of files, or one object of Arrow.
        columns: The columns to read.

    Raises:
        ArgumentError: A column is missing, ambiguous or of another type.
        FileError: A file cannot be read.
    """

    def __init__(self, given: list[Any], columns: Columns) -> None:
        self._sources = [source_of(one, "source") for one in given]
        self._columns = columns
        self._vector = vector_column(self._sources[0], columns.vector, None, integers=True)
        optional = (columns.id, columns.bias, *columns.attributes)
        names = [self._vector, *(name for name in optional if name is not None)]
        self._names = list(dict.fromkeys(names))
        for source in self._sources:
            self._require_columns(source)
        counts = [source.rows for source in self._sources]
        self.rows = None if None in counts else sum(count or 0 for count in counts)
        self._rest: Iterator[Any] | None = None  # of a source that can be read only once
        self.dim = self._find_dim()

    def blocks(self) -> Iterator[Block]:
        step = self._batch_rows()
        for source in self._sources:
            first = 0
            for batch in self._rest or source.batches(self._names, step):
                for start in range(0, batch.num_rows, step):
                    part = batch.slice(start, step)
                    yield self._block(source, part, first)
                    first += part.num_rows
        arrow().default_memory_pool().release_unused()

    def sample(self, every: int) -> NDArray[Any] | None:
        is_repeatable = all(source.is_repeatable for source in self._sources)
        return every_nth(self._all_vectors(), every) if is_repeatable else None

    def _batch_rows(self) -> int:
        return max(1, rows_per_block(self.dim) // BATCHES)

    def _all_vectors(self) -> Iterator[NDArray[Any]]:
        for source in self._sources:
            first = 0
            for batch in source.batches([self._vector], self._batch_rows()):
                yield self._vectors(source, batch, first)
                first += batch.num_rows

    def _require_columns(self, source: Source) -> None:
        columns = self._columns
        vector_column(source, self._vector, None, integers=True)
        if columns.id is not None:
            existing(source, columns.id, "id_column")
            require_ids(source, columns.id, None)
        if columns.bias is not None:
            require_numbers(source, columns.bias, "bias_column")
        for name in columns.attributes:
            existing(source, name, "attributes")

    def _find_dim(self) -> int:
        """Return the list size in the schema, or else the length of the first vector."""
        for source in self._sources:
            kind = source.schema.field(self._vector).type
            if getattr(kind, "list_size", 0) > 0:
                return int(kind.list_size)
            names = [self._vector] if source.is_repeatable else self._names
            batches = source.batches(names, FIRST_ROWS)
            for batch in batches:
                if batch.num_rows > 0:
                    if not source.is_repeatable:
                        self._rest = chain([batch], batches)
                    first = batch.column(self._vector).slice(0, 1)
                    refuse_nulls(source, self._vector, first)
                    return int(first.value_lengths()[0].as_py())
        raise self._sources[0].refuse("has no rows, expected vectors")

    def _block(self, source: Source, batch: Any, first: int) -> Block:
        columns, name = self._columns, source.name.removeprefix("source: ")
        found = Block(self._vectors(source, batch, first), name, first)
        if columns.id is not None:
            is_number = arrow().types.is_integer(source.schema.field(columns.id).type)
            read = integers if is_number else texts
            found.ids = read(source, columns.id, batch.column(columns.id))
        if columns.bias is not None:
            refuse_nulls(source, columns.bias, batch.column(columns.bias), first)
            found.bias = batch.column(columns.bias).to_numpy(zero_copy_only=False)
        if columns.attributes:
            found.attributes = batch.select(list(columns.attributes))
        return found

    def _vectors(self, source: Source, batch: Any, first: int) -> NDArray[Any]:
        return vectors(source, self._vector, batch.column(self._vector), self.dim, first)
