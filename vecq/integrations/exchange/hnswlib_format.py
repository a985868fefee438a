"""Reads and writes the files of hnswlib.

Such a file says neither what it is nor what it holds: no name, no version, no metric, no dimension,
no checksum. It is a header; a record for each row, of its links on layer 0, its vector and its
label; and for each row the lists of its upper layers, behind their length.
"""

import os
import tempfile
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from vecq.core.errors import ArgumentError
from vecq.core.native_index import NativeIndex
from vecq.integrations.exchange.export import graph_of
from vecq.integrations.exchange.graph import LAYERS, NONE, Graph, normalized
from vecq.integrations.exchange.packages import need
from vecq.integrations.exchange.reader import Reader
from vecq.integrations.exchange.writer import replacing

HEADER = np.dtype(
    [
        *((name, "<u8") for name in ("first", "room", "count", "record", "label", "vector")),
        *(("top", "<i4"), ("entry", "<u4")),
        *((name, "<u8") for name in ("upper", "lower", "m")),
        *(("multiplier", "<f8"), ("ef", "<u8")),
    ]
)
WORD = 4
# Of the word before a list: how many links it has, and on layer 0 whether the row is deleted.
DEGREE, DELETED = 0xFFFF, 1 << 16
ROWS_AT_ONCE = 1 << 14


@dataclass
class Saved:
    """The content of a file."""

    graph: Graph
    deleted: NDArray[np.bool_]  # of each row
    ef_construction: int
    room: int


def parse(reader: Reader, dim: int) -> Saved:
    """Read a file of vectors of this dimension. Labels above int64 become negative ids."""
    header = reader.array(HEADER, 1, "the header")[0]
    _check_header(reader, header, dim)
    count, lower, upper = (int(header[name]) for name in ("count", "lower", "upper"))
    words = int(header["record"]) // WORD
    records = reader.array("<u4", count * words, "the records").reshape(count, words)
    heads: NDArray[np.uint32] = records[:, 0]
    if (heads & ~np.uint32(DEGREE | DELETED)).any():
        reader.fail("a record begins with what is no number of links")
    layers = [_lists(reader, heads & np.uint32(DEGREE), records[:, 1 : 1 + lower])]
    labels = np.ascontiguousarray(records[:, -2:]).view("<u8")[:, 0]
    levels, above = _parse_upper(reader, count, upper)
    if count > 0 and int(header["top"]) != levels.max():
        reader.fail(f"the highest level is {levels.max()}, the header says {header['top']}")
    graph = Graph(
        vectors=records[:, 1 + lower : 1 + lower + dim].view("<f4"),
        ids=labels.view(np.int64),
        levels=np.minimum(levels, LAYERS - 1).astype(np.uint8),
        layers=layers + above,
        entry=int(header["entry"]),
    )
    return Saved(graph, (heads & DELETED) != 0, int(header["ef"]), int(header["room"]))


def _check_header(reader: Reader, header: Any, dim: int) -> None:
    """Check every field that follows from M and the dimension."""
    lower, upper, m = (int(header[name]) for name in ("lower", "upper", "m"))
    if not (1 <= upper <= DEGREE and upper == m and lower == 2 * upper):
        reader.fail(f"M is {m}, with {upper} and {lower} links, which no file of hnswlib has")
    vector, label = WORD * (1 + lower), int(header["label"])
    if (int(header["first"]), int(header["vector"])) != (0, vector) or label <= vector:
        reader.fail("the offsets in the header do not go with M: this is no file of hnswlib")
    if int(header["record"]) != label + 8:
        reader.fail("records are not as long as what they hold")
    if label - vector != WORD * dim:
        found = (label - vector) / WORD
        raise ArgumentError(f"dim is {dim}, but the file has vectors of {found:g} numbers", "dim")
    if int(header["count"]) > min(int(header["room"]), 2**32 - 2):
        reader.fail(f"{header['count']:,} rows are more than there is room for")


def _lists(
    reader: Reader, degrees: NDArray[np.uint32], lists: NDArray[np.uint32]
) -> NDArray[np.uint32]:
    """Return link lists without the stale links after their end."""
    width = lists.shape[1]
    if len(degrees) > 0 and degrees.max() > width:
        reader.fail(f"a row has {degrees.max()} links, more than the {width} that are possible")
    return np.where(np.arange(width) < degrees[:, None], lists, NONE)


def _parse_upper(
    reader: Reader, count: int, width: int
) -> tuple[NDArray[np.int64], list[NDArray[np.uint32]]]:
    """Read levels, and the links of layers above 0."""
    words = reader.array("<u4", reader.left // WORD, "the upper layers")
    reader.finish()
    starts = _chain(words, count)
    if len(starts) < count or (starts[-1:] >= len(words)).any():
        reader.fail("the upper layers end before those of all rows were told")
    lengths = words[starts].astype(np.int64)
    end = 0 if count == 0 else int(starts[-1]) + 1 + int(lengths[-1]) // WORD
    block = 1 + width
    levels, rest = np.divmod(lengths, WORD * block)
    if end != len(words) or rest.any():
        reader.fail("the upper layers are not as long as the lists that they hold")
    layers = []
    for layer in range(1, min(int(levels.max(initial=0)), LAYERS - 1) + 1):
        at = starts[levels >= layer] + 1 + (layer - 1) * block
        lists = words[at[:, None] + np.arange(block)]
        layers.append(_lists(reader, lists[:, 0], lists[:, 1:]))
    return levels, layers


def _chain(words: NDArray[np.uint32], count: int) -> NDArray[np.int64]:
    """Return the positions of `count` lengths, each of which gives the position of the next.

    Twice as many of them in each round: `ahead` leads as many lengths on as are known.
    """
    end = len(words)
    ahead = np.arange(end + 1) + np.append(1 + words // WORD, 0)
    np.minimum(ahead, end, out=ahead)
    known = np.zeros(min(count, 1), np.int64)
    while len(known) < count:
        known = np.append(known, ahead[known])
        ahead = ahead[ahead]
    return known[:count]


def export(index: NativeIndex, path: str | os.PathLike[str] | None) -> Any:
    """Write an index as hnswlib would have saved it, or make an index of hnswlib."""
    if path is not None:
        _write(index, path)
        return None
    hnswlib = need("hnswlib", "hnswlib", "making an index of hnswlib")
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "hnswlib.bin")
        _write(index, file)
        made = hnswlib.Index(space=index.metric, dim=index.dim)
        made.load_index(file)
    return made


def _write(index: NativeIndex, path: str | os.PathLike[str]) -> None:
    graph = graph_of(index)
    if (graph.ids < 0).any():
        raise ArgumentError(
            f"index has the id {graph.ids.min()}, but labels of hnswlib are not negative", "index"
        )
    if index.metric == "cosine":
        graph.vectors = normalized(graph.vectors)
    with replacing(path) as file:
        encode(graph, file, index.m, index.ef_construction)


def encode(
    graph: Graph,
    file: IO[bytes],
    m: int,
    ef: int,
    deleted: NDArray[np.bool_] | None = None,
    room: int = 0,
) -> None:
    """Write a graph with deletion marks and a capacity of `room` rows."""
    count, dim = graph.vectors.shape
    header = np.zeros(1, HEADER)
    header["room"], header["count"] = max(room, count), count
    header["vector"] = WORD * (1 + 2 * m)
    header["label"] = header["vector"] + WORD * dim
    header["record"] = header["label"] + 8
    header["top"] = int(graph.levels.max()) if count > 0 else -1
    header["entry"] = graph.entry if count > 0 else NONE
    header["lower"], header["upper"], header["m"] = 2 * m, m, m
    header["multiplier"], header["ef"] = 1 / np.log(m), ef
    marks = np.zeros(count, "<u4") if deleted is None else deleted * np.uint32(DELETED)
    file.write(header.tobytes())
    for first in range(0, count, ROWS_AT_ONCE):
        part = slice(first, first + ROWS_AT_ONCE)
        records = _records(graph, part)
        records[:, 0] |= marks[part]
        file.write(records.data)
    file.write(_upper_words(graph, m).data)


def _records(graph: Graph, part: slice) -> NDArray[np.uint32]:
    labels = graph.ids[part].astype("<u8")[:, None].view("<u4")
    vectors = graph.vectors[part].astype("<f4").view("<u4")
    return np.hstack([_padded(graph.layers[0][part]), vectors, labels])


def _padded(lists: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return lists after their lengths."""
    used = lists != NONE
    return np.hstack([used.sum(axis=1, dtype="<u4")[:, None], np.where(used, lists, 0)])


def _upper_words(graph: Graph, width: int) -> NDArray[np.uint32]:
    block = 1 + width
    sizes = 1 + block * graph.levels.astype(np.int64)
    starts = np.cumsum(sizes) - sizes
    words = np.zeros(int(sizes.sum()), "<u4")
    words[starts] = WORD * (sizes - 1)
    for layer in range(1, len(graph.layers)):
        at = starts[graph.rows(layer)] + 1 + (layer - 1) * block
        words[at[:, None] + np.arange(block)] = _padded(graph.layers[layer])
    return words
