"""Spool files: the rows of one batch, sorted by shard, between reading a data set and building.

A task that fails leaves a file that no record names; a task that runs twice writes two files, of
which one is named. So each row counts once, and the memory of a task is bounded by its batch.

The arrays of a file: `offsets` of the upserted rows by shard, then of the removed ones; their
`ids`, or the `id_texts` and `id_ends` of strings; of the upserted rows `vectors`, `bias` and, under
names with a point, attributes.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecq.core.arrays import as_biases, as_ids
from vecq.core.errors import ArgumentError
from vecq.core.names import as_strings
from vecq.search.attribute_columns import Values, converted_columns
from vecq.search.exclusions import as_numbers
from vecq.sharding.array_file import ArrayFile, write_arrays
from vecq.sharding.hashes import Floats, Hashes, Numbers, id_keys, mixed, row_hashes
from vecq.sharding.plan import BuildPlan
from vecq.sharding.values import as_arrays, joined, packed, taken, unpacked, value_hashes


@dataclass(frozen=True)
class Spooled:
    """Record of a spool file.

    Attributes:
        name: The file, in the spool folder.
        rows: Upserted rows of each shard.
        removed: Removed rows of each shard.
        content: Sum of the hashes of the upserted rows of each shard.
    """

    name: str
    rows: Numbers
    removed: Numbers
    content: Hashes


def spool_rows(
    plan: BuildPlan,
    ids: Any,
    vectors: Floats,
    removed: Any = None,
    *,
    bias: ArrayLike | None = None,
    attributes: Any = None,
) -> Spooled:
    """Write rows to a new spool file, sorted by shard.

    Args:
        plan: The plan.
        ids: Ids of the upserted rows, integers or strings as the plan says.
        vectors: Their vectors.
        removed: Ids of removed rows. Default: none.
        bias: Biases of the upserted rows, as in `vecq.Index.add`. All batches have some or none.
            Default: None.
        attributes: A table of their attributes, as in `vecq.Index.add`. All batches have the same
            columns. Default: None.

    Returns:
        The record of the file.

    Raises:
        ArgumentError: An argument is wrong.
    """
    assignment = plan.read_assignment()
    ids, gone = _ids(plan, ids, len(vectors)), _ids(plan, [] if removed is None else removed)
    keys, gone_keys = id_keys(ids), id_keys(gone)
    own = assignment(keys, vectors)
    # Clusters assign by vector, which a removed row lacks: all shards read its id.
    is_hash = assignment.kind == "hash"
    own_gone = assignment(gone_keys, vectors[:0]) if is_hash else 0 * gone_keys
    order, order_gone = (np.argsort(numbers, kind="stable") for numbers in (own, own_gone))
    rows, rows_gone = (
        np.bincount(numbers, minlength=assignment.shards) for numbers in (own, own_gone)
    )
    arrays: dict[str, NDArray[Any]] = {
        "offsets": np.cumsum([0, *rows, *rows_gone]),
        "vectors": np.asarray(vectors[order], np.float32),
    }
    all_ids = np.concatenate([ids[order], gone[order_gone]])
    if plan.has_string_ids:
        arrays["id_texts"], arrays["id_ends"] = packed(all_ids.tolist())
    else:
        arrays["ids"] = all_ids
    if bias is not None:
        arrays["bias"] = as_biases(bias, "bias", len(vectors))[order]
    columns = {
        name: taken(values, order)
        for name, values in converted_columns(attributes, plan.attributes, len(vectors)).items()
    }
    hashes = _hashes(keys[order], arrays["vectors"], arrays.get("bias"), columns)
    content = np.zeros(assignment.shards, np.uint64)
    np.add.at(content, own[order], hashes)
    name = f"{uuid.uuid4().hex}.rows"
    write_arrays(plan.spool / name, arrays | as_arrays(columns))
    return Spooled(name, rows, rows_gone, content)


class SpoolReader:
    """Reads the rows of one shard from a spool file.

    Args:
        plan: The plan.
        name: The file.
        shard: Number of the shard.

    Raises:
        CorruptFileError: The file is damaged.
    """

    def __init__(self, plan: BuildPlan, name: str, shard: int) -> None:
        self._file, self._has_strings = ArrayFile(plan.spool / name), plan.has_string_ids
        offsets = self._file.read("offsets").tolist()
        if len(offsets) != 2 * plan.shards + 1 or not 0 <= shard < plan.shards:
            raise self._file.corrupt()
        self._first, self._last = offsets[shard : shard + 2]
        self._removed = offsets[plan.shards + shard : plan.shards + shard + 2]
        self._upserts, self._total = offsets[plan.shards], offsets[-1]

    def __len__(self) -> int:
        return int(self._last - self._first)

    def ids(self) -> NDArray[Any]:
        """Ids of the shard's upserted rows."""
        return self._ids(self._first, self._last)

    def all_ids(self) -> NDArray[Any]:
        """Ids of the upserted rows of all shards."""
        return self._ids(0, self._upserts)

    def removed(self, everywhere: bool = False) -> NDArray[Any]:
        """Ids of the shard's removed rows, or of those of all shards."""
        return self._ids(*(self._removed if not everywhere else (self._upserts, self._total)))

    def vectors(self) -> Floats:
        """Vectors of the shard's upserted rows."""
        return self._file.read("vectors", self._first, self._last)

    def bias(self) -> NDArray[np.float32] | None:
        """Their biases; None if the file has none."""
        return self._file.read("bias", self._first, self._last) if "bias" in self._file else None

    def attributes(self) -> dict[str, Values]:
        """Their attributes."""
        names = (name for name in self._file.names() if name.endswith(".values"))
        return {name: self._values(name) for name in (one.removesuffix(".values") for one in names)}

    def hashes(self, keys: Numbers, vectors: Floats) -> Hashes:
        """Hash the shard's rows, of which keys and vectors are read already."""
        try:
            return _hashes(keys, vectors, self.bias(), self.attributes())
        except IndexError:
            raise self._file.corrupt() from None

    def _ids(self, first: int, last: int) -> NDArray[Any]:
        if not self._has_strings:
            return self._file.read("ids", first, last)
        ids = np.empty(last - first, object)
        ids[:] = self._texts("id_texts", self._file.read("id_ends", first, last + 1))
        return ids

    def _values(self, name: str) -> Values:
        file, rows = self._file, (self._first, self._last)
        offsets = texts = None
        if f"{name}.offsets" in file:
            offsets = file.read(f"{name}.offsets", self._first, self._last + 1)
            rows = offsets[0], offsets[-1]
            offsets -= offsets[0]
        if f"{name}.texts" in file:
            texts = self._texts(f"{name}.texts", file.read(f"{name}.text_ends"))
        nulls = None
        if f"{name}.nulls" in file:
            nulls = file.read(f"{name}.nulls", self._first, self._last)
        return Values(len(self), file.read(f"{name}.values", *rows), nulls, offsets, texts)

    def _texts(self, name: str, ends: Numbers) -> list[str]:
        if (np.diff(ends) < 0).any():
            raise self._file.corrupt()
        try:
            return unpacked(self._file.read(name, int(ends[0]), int(ends[-1])), ends)
        except UnicodeDecodeError:
            raise self._file.corrupt() from None


def joined_columns(
    readers: Sequence[SpoolReader],
) -> tuple[NDArray[np.float32] | None, dict[str, Values]]:
    """Return the biases and attributes of a shard's rows in several files.

    Raises:
        ArgumentError: The files have different columns.
    """
    read = [(one.bias(), one.attributes()) for one in readers if len(one) > 0]
    names = {(bias is not None, *sorted(own)) for bias, own in read}
    if len(names) > 1:
        raise ArgumentError(
            "attributes: batches have different columns, expected the same in all", "attributes"
        )
    if not read:
        return None, {}
    biases = [bias for bias, _ in read if bias is not None]
    bias = np.concatenate(biases) if biases else None
    return bias, {name: joined([own[name] for _, own in read]) for name in read[0][1]}


def _ids(plan: BuildPlan, given: Any, count: int | None = None) -> NDArray[Any]:
    """Return ids as int64, or as objects of str."""
    if not plan.has_string_ids:
        given = as_numbers(given, "ids")
        return as_ids(given, "ids", len(given) if count is None else count)
    strings = as_strings(given, "ids")
    ids = np.empty(len(strings), object)
    ids[:] = strings.to_pylist() if hasattr(strings, "to_pylist") else strings
    for one in ids:
        if not isinstance(one, str):
            raise ArgumentError(f"ids has {one!r}, expected strings", "ids")
    if count is not None and len(ids) != count:
        raise ArgumentError(f"ids has {len(ids)} strings, expected {count}", "ids")
    return ids


def _hashes(
    keys: Numbers,
    vectors: Floats,
    bias: NDArray[np.float32] | None,
    attributes: dict[str, Values],
) -> Hashes:
    others = value_hashes(attributes)
    if bias is not None:
        others = others + mixed(bias.view(np.uint32))
    return row_hashes(keys, vectors, others)
