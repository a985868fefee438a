"""Conversion to and from values that JSON has."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np


def plain(value: Any) -> Any:
    """Return plain values of NumPy ones; a float that is not finite becomes None, others text.

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


def parsed(text: str, refuse: Callable[[str], object] | None = None) -> Any:
    """Parse JSON or raise ValueError; `refuse` is called for NaN and infinities.

    >>> parsed("[1, null]")
    [1, None]
    """
    try:
        return json.loads(text, parse_constant=refuse)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
