"""Attributes of rows between a data set and a shard: selected, joined and hashed by columns."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq.search.attribute_columns import Values
from vecq.sharding.hashes import Hashes, mixed, text_hashes

MISSING = np.uint64(0x5851F42D4C957F2D)  # stands for a null in hashes
PARTS = ("values", "nulls", "offsets")


def taken(values: Values, order: NDArray[np.intp]) -> Values:
    """Return the values of some rows, in the given order."""
    nulls = None if values.nulls is None else values.nulls[order]
    if values.offsets is None:
        return Values(len(order), values.values[order], nulls, texts=values.texts)
    lengths = np.diff(values.offsets)[order]
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    starts = values.offsets[:-1][order] - offsets[:-1]
    places = np.repeat(starts, lengths) + np.arange(offsets[-1])
    return Values(len(order), values.values[places], nulls, offsets, values.texts)


def joined(parts: Sequence[Values]) -> Values:
    """Return the values of parts, one after the other; of texts only those that rows have."""
    numbers, texts = [part.values for part in parts], None
    if parts[0].texts is not None:
        texts = sorted({text for part in parts for text in _used_texts(part).values()})
        new = {text: number for number, text in enumerate(texts)}
        numbers = [_renumbered(part, new) for part in parts]
    nulls = offsets = None
    if any(part.nulls is not None for part in parts):
        nulls = np.concatenate(
            [np.zeros(own.count, np.uint8) if own.nulls is None else own.nulls for own in parts]
        )
    if parts[0].offsets is not None:
        lengths = [np.diff(part.offsets) for part in parts if part.offsets is not None]
        offsets = np.concatenate([[0], np.cumsum(np.concatenate(lengths))])
    count = sum(part.count for part in parts)
    return Values(count, np.concatenate(numbers), nulls, offsets, texts)


def value_hashes(columns: Mapping[str, Values]) -> Hashes | int:
    """Return the sum of the hashes of a row's values; 0 without columns.

    Equal values have equal hashes, however rows are cut into batches.

    Raises:
        IndexError: A number of a text is beyond the texts.
    """
    return sum(
        (mixed(_words(values) ^ text_hashes([name])) for name, values in columns.items()),
        start=np.uint64(0),
    )


def as_arrays(columns: Mapping[str, Values]) -> dict[str, NDArray[Any]]:
    """Return columns as numeric arrays, named `column.part`."""
    arrays = {}
    for name, own in columns.items():
        for part in PARTS:
            if (array := getattr(own, part)) is not None:
                arrays[f"{name}.{part}"] = array
        if own.texts is not None:
            content, ends = packed(own.texts)
            arrays |= {f"{name}.texts": content, f"{name}.text_ends": ends}
    return arrays


def packed(texts: Sequence[str]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return strings as bytes and where each begins, and the end of the last."""
    encoded = [text.encode(errors="surrogatepass") for text in texts]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
    return np.frombuffer(b"".join(encoded), np.uint8), ends


def unpacked(content: NDArray[np.uint8], ends: NDArray[np.int64]) -> list[str]:
    """Return the strings of `packed`.

    Raises:
        UnicodeDecodeError: They are not UTF-8.
    """
    text, places = content.tobytes(), (ends - ends[0]).tolist()
    return [text[first:last].decode(errors="surrogatepass") for first, last in pairwise(places)]


def _words(values: Values) -> Hashes:
    """Return 64 bits for each row, without the name of the column."""
    found = values.values
    missing = np.zeros(values.count, bool) if values.nulls is None else values.nulls != 0
    if values.texts is not None:  # a null has the number 0, which exists even without texts
        words = np.append(text_hashes(values.texts), MISSING)[found]
    else:
        words = found.view(f"u{found.dtype.itemsize}").astype(np.uint64)
        missing |= _is_missing(found)
    if values.offsets is not None:  # the order of tags has no meaning
        sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(mixed(words), dtype=np.uint64)])
        words = sums[values.offsets[1:]] - sums[values.offsets[:-1]]
    return np.asarray(np.where(missing, MISSING, words), np.uint64)


def _is_missing(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Mark NaN and NaT, which are nulls without a mark in `nulls`."""
    if values.dtype.kind == "f":
        return np.asarray(np.isnan(values))
    least = np.iinfo(np.int64).min
    return np.asarray(values == least if values.dtype == np.int64 else np.zeros(len(values), bool))


def _used_texts(part: Values) -> dict[int, str]:
    """Return the texts that rows of a part have, by number."""
    texts, own = part.texts or [], part.values
    if part.offsets is None and part.nulls is not None:
        own = own[part.nulls == 0]
    return {number: texts[number] for number in np.unique(own).tolist()}


def _renumbered(part: Values, new: Mapping[str, int]) -> NDArray[np.uint32]:
    numbers = np.zeros(len(part.texts or []) + 1, np.uint32)
    for number, text in _used_texts(part).items():
        numbers[number] = new[text]
    return np.asarray(numbers[part.values])
