"""normalize_L2 of faiss."""

import numpy as np
from numpy.typing import NDArray

from vecq.core.arrays import matrix

FLOATS = (np.dtype(np.float32),)


def normalize_L2(x: NDArray[np.float32]) -> None:  # noqa: N802
    """Normalize the rows of a matrix in place; zero rows stay as they are."""
    rows = matrix(x, "x", FLOATS)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    np.divide(rows, norms, out=rows, where=norms > 0)
