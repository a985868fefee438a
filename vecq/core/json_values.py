"""Values as JSON has them."""

import json
from collections.abc import Callable
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


def parsed(text: str, refuse: Callable[[str], object] | None = None) -> Any:
    """What JSON says, or a ValueError; `refuse` is called for NaN and infinities.

    >>> parsed("[1, null]")
    [1, None]
    """
    try:
        return json.loads(text, parse_constant=refuse)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
