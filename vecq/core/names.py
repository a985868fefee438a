"""String ids: columns of strings to numbers of the index, and numbers to arrays of strings.

The native index numbers its strings, and a number may get another string when items are removed or
the index is compacted. `stable` repeats what uses numbers until their version has stayed.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from vecq._native import ffi, lib
from vecq.core.arguments import counted
from vecq.core.arrays import pointer
from vecq.core.errors import ArgumentError, CorruptFileError, call
from vecq.core.native_index import NativeIndex

Numbers = NDArray[np.int64]
Made = TypeVar("Made")

# Bytes that are expected of a string at first.
BYTES = 32

_plain_names, _memory_of, _new_pair = lib.vecq_plain_names, ffi.from_buffer, ffi.new
_PAIR, _BYTES = map(ffi.typeof, ("int64_t[2]", "char[]"))


def are_strings(given: Any) -> bool:
    """Whether ids are given as strings, judged by their type or by the first one."""
    if isinstance(given, str):
        return True
    kind = getattr(getattr(given, "dtype", None), "kind", None)
    if kind is not None and kind in "UT":
        return True
    if is_arrow(given):
        return any(word in str(given.type).lower() for word in ("string", "utf8"))
    if not isinstance(given, Iterable) or kind not in (None, "O"):
        return False
    return isinstance(next(iter(given), None), str)


def is_arrow(given: Any) -> bool:
    """Whether an object is an Arrow array or a chunked one."""
    return hasattr(given, "combine_chunks") or hasattr(given, "dictionary_encode")


def as_strings(given: Any, argument: str) -> Any:
    """Return ids as a list of strings or an Arrow array of large strings; a string is the only one.

    Polars and pandas columns become Arrow arrays if pyarrow is installed.
    """
    if type(given) is list:
        return given
    if isinstance(given, str):
        return [given]
    if hasattr(given, "__arrow_c_stream__") or is_arrow(given):
        found = _arrow_strings(given, argument)
        if found is not None:
            return found
    if hasattr(given, "tolist"):
        found = given.tolist()
        return found if isinstance(found, list) else [found]
    if isinstance(given, Iterable):
        return list(given)
    raise ArgumentError(
        f"{argument} is {given!r}, expected strings: the index has string ids", argument
    )


def _arrow_strings(given: Any, argument: str) -> Any:
    try:
        import pyarrow
    except ImportError:
        return None
    array = given if is_arrow(given) else pyarrow.chunked_array(given)
    try:
        array = array.cast(pyarrow.large_string())
    except pyarrow.ArrowException as error:
        raise ArgumentError(
            f"{argument} has type {array.type}, expected strings: {error}", argument
        ) from None
    if isinstance(array, pyarrow.ChunkedArray):
        array = array.combine_chunks()
        if isinstance(array, pyarrow.ChunkedArray):  # without chunks
            array = pyarrow.array([], pyarrow.large_string())
    if array.null_count > 0:
        at = array.is_null().index(True).as_py()
        raise ArgumentError(f"{argument} has a null at {at}, expected a string", argument)
    return array


def pack_strings(strings: Any, argument: str) -> tuple[Any, int, Any]:
    """Return bytes, their number, and offsets; NULL if 0 bytes separate the strings."""
    if len(strings) == 0:
        return ffi.NULL, 0, ffi.NULL
    if is_arrow(strings):
        _, offsets, content = strings.buffers()
        own = np.frombuffer(offsets, np.int64, len(strings) + 1, 8 * strings.offset)
        native = ffi.NULL if content is None else ffi.from_buffer("char[]", content)
        return native, 0 if content is None else content.size, pointer(own, "int64_t[]")
    try:
        joined = "\0".join(strings)
        content = joined.encode()
    except (TypeError, UnicodeEncodeError):
        raise _bad_string(strings, argument) from None
    if joined.count("\0") != len(strings) - 1:
        raise _bad_string(strings, argument)
    return ffi.from_buffer("char[]", content), len(content), ffi.NULL


def _bad_string(strings: list[Any], argument: str) -> ArgumentError:
    for at, one in enumerate(strings):
        if not isinstance(one, str):
            text = f"{one!r} at {at}, expected a string: the index has string ids"
        elif "\0" in one:
            text = f"{one!r} at {at}, expected a string without 0 characters"
        elif any("\ud800" <= letter <= "\udfff" for letter in one):
            text = f"{one!r} at {at}, expected a string without surrogates, which UTF-8 lacks"
        else:
            continue
        return ArgumentError(f"{argument} has {text}", argument)
    return ArgumentError(f"{argument} has no strings, expected some", argument)


def find_numbers(native: NativeIndex, given: Any, argument: str) -> Numbers:
    """Return the number of each string; -1 if the index does not know it."""
    return find_numbers_at(native, as_strings(given, argument), argument)[0]


def find_numbers_at(native: NativeIndex, strings: Any, argument: str) -> tuple[Numbers, int]:
    """Return the number of each string, and the version of the numbering."""
    numbers, version = np.empty(len(strings), np.int64), ffi.new("uint64_t *")
    content, length, offsets = pack_strings(strings, argument)
    target = pointer(numbers, "int64_t[]")
    call(
        lib.vecq_index_find_ids,
        *(native.handle, content, length, offsets, len(strings), target, version),
    )
    return numbers, version[0]


def require_numbers(native: NativeIndex, given: Any, argument: str) -> Numbers:
    """Return the number of each string; refuse strings that the index does not know."""
    strings = as_strings(given, argument)
    numbers = find_numbers(native, strings, argument)
    unknown = numbers < 0
    if unknown.any():
        at = int(unknown.argmax())
        raise ArgumentError(
            f"{argument} has {str(strings[at])!r} at {at}, which is not in the index", argument
        )
    return numbers


def name_numbers(native: NativeIndex, given: Any, argument: str, count: int) -> Numbers:
    """Return the number of each string; new strings get one. The caller holds the change lock."""
    strings = as_strings(given, argument)
    if len(strings) != count:
        raise ArgumentError(
            f"{argument} has {counted(len(strings), 'string')}, expected {count}", argument
        )
    numbers = np.empty(count, np.int64)
    content, length, offsets = pack_strings(strings, argument)
    call(
        lib.vecq_index_name_ids,
        *(native.handle, content, length, offsets, count, pointer(numbers, "int64_t[]")),
    )
    return numbers


def names_of(native: NativeIndex, numbers: Numbers) -> NDArray[np.object_]:
    """Return the strings of numbers in an array of objects; None where a number has no string."""
    while (names := names_at(native, numbers, 0)) is None:
        pass
    return names


def names_at(native: NativeIndex, numbers: Numbers, version: int) -> NDArray[np.object_] | None:
    """Return the strings that numbers have at a version of the numbering, 0 for the present one.

    None if the version is another one meanwhile.
    """
    count, handle, given = numbers.size, native.handle, pointer(numbers, "int64_t[]")
    found, capacity = _new_pair(_PAIR), BYTES * numbers.size
    while True:
        content = bytearray(capacity)
        target = _memory_of(_BYTES, content)
        call(_plain_names, handle, given, count, version, target, capacity, found)
        length, has_gaps = found
        if length < 0:
            return None
        if length <= capacity:
            break
        capacity = length
    try:
        names: list[Any] = content[:length].decode().split("\0")
    except UnicodeDecodeError:
        names = []
    if len(names) != count + 1:
        raise CorruptFileError(
            "the index has string ids that are not valid UTF-8, or have 0 characters", "index"
        )
    if has_gaps:
        names = [name or None for name in names]
    return np.fromiter(names, object, count).reshape(numbers.shape)


def names_version(native: NativeIndex) -> int:
    """Return the version of the numbering."""
    version = ffi.new("uint64_t *")
    call(lib.vecq_index_find_ids, native.handle, ffi.NULL, 0, ffi.NULL, 0, ffi.NULL, version)
    return int(version[0])


def stable(native: NativeIndex, make: Callable[[], Made]) -> Made:
    """Return make(), called until no number has changed its string meanwhile."""
    if not native.has_names:
        return make()
    while True:
        version = names_version(native)
        try:
            made = make()
        except ArgumentError:
            if names_version(native) == version:
                raise
            continue
        if names_version(native) == version:
            return made


def arrow_names_of(native: NativeIndex, numbers: Numbers) -> Any:
    """Return the strings of numbers as an Arrow array of large strings."""
    import pyarrow

    count = numbers.size
    length, current = ffi.new("size_t *"), ffi.new("int32_t *")
    offsets, given = np.empty(count + 1, np.int64), pointer(numbers, "int64_t[]")
    capacity = BYTES * count
    while True:
        content = np.empty(capacity, np.uint8)
        call(
            lib.vecq_index_names,
            *(native.handle, given, count, names_version(native), pointer(content), capacity),
            *(pointer(offsets, "int64_t[]"), length, current),
        )
        if current[0] and length[0] <= capacity:
            break
        capacity = max(capacity, length[0])
    return pyarrow.LargeStringArray.from_buffers(
        count, pyarrow.py_buffer(offsets), pyarrow.py_buffer(content)
    )
