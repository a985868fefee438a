"""Values as JSON has them."""

from typing import Any

import numpy as np


def plain(value: Any) -> Any:
    """Plain values, numpy's too; what is not finite becomes null, what JSON lacks its text.

    >>> plain({"recall": float("inf"), "ids": numpy.arange(2)})
    {'recall': None, 'ids': [0, 1]}
    """
    if isinstance(value, dict):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value if isinstance(value, bool | int | float | str | None) else str(value)
