"""Biases of items, which searches add to similarities."""

from contextlib import nullcontext

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecq._native import lib
from vecq.core.arrays import as_biases, pointer
from vecq.core.errors import ArgumentError, call
from vecq.core.names import stable
from vecq.core.native_index import NativeIndex
from vecq.search.items import as_numbers_of


def set_biases(native: NativeIndex, ids: ArrayLike, values: ArrayLike) -> None:
    """Set the biases of items."""
    # A change of items may give the numbers of string ids to others.
    with native.changing if native.has_names else nullcontext():
        numbers = as_numbers_of(native, ids)
        biases = as_biases(values, "values", len(numbers))
        try:
            call(
                lib.vecq_index_set_biases,
                *(native.handle, pointer(numbers, "int64_t[]"), len(numbers)),
                pointer(biases, "float[]"),
            )
        except ArgumentError as error:
            if error.argument != "biases":
                raise
            raise ArgumentError(str(error).replace("biases", "values", 1), "values") from None


def get_biases(native: NativeIndex, ids: ArrayLike) -> NDArray[np.float32]:
    """Return the biases of items."""
    return stable(native, lambda: _get_biases(native, as_numbers_of(native, ids)))


def _get_biases(native: NativeIndex, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
    biases = np.empty(len(numbers), np.float32)
    call(
        lib.vecq_index_get_biases,
        *(native.handle, pointer(numbers, "int64_t[]"), len(numbers)),
        pointer(biases, "float[]"),
    )
    return biases


def give_biases(native: NativeIndex, biases: NDArray[np.float32] | None) -> None:
    """Give the biases of the vectors that the next native call adds."""
    if biases is None:
        return
    try:
        call(lib.vecq_index_give_biases, native.handle, pointer(biases, "float[]"), len(biases))
    except ArgumentError as error:
        if error.argument != "biases":
            raise
        raise ArgumentError(str(error).replace("biases", "bias", 1), "bias") from None
