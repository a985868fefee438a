"""Metrics: their names, and the names that other libraries have for them."""

from typing import Literal

from vecq._native import lib
from vecq.core.errors import ArgumentError

Metric = Literal["ip", "cosine", "l2"]

METRICS: dict[str, int] = {"ip": lib.VECQ_IP, "cosine": lib.VECQ_COSINE, "l2": lib.VECQ_L2}

# These rank items as the metric of vecq does, whatever distance their library returns.
ALIASES: dict[str, Metric] = {
    "angular": "cosine",
    "cos": "cosine",
    "cosinesimil": "cosine",
    "dot": "ip",
    "dot_product": "ip",
    "dotproduct": "ip",
    "euclidean": "l2",
    "inner_product": "ip",
    "innerproduct": "ip",
    "l2sq": "l2",
    "max_inner_product": "ip",
    "sqeuclidean": "l2",
    "squared_l2": "l2",
}


def as_metric(name: object, argument: str = "metric") -> Metric:
    """Return the metric that a name stands for.

    Args:
        name: "ip", "cosine" or "l2", or another library's name of one of them, such as
            "inner_product", "angular" or "euclidean"; in upper or lower case.
        argument: The argument that errors name.

    Raises:
        ArgumentError: No metric of vecq has that name.

    >>> as_metric("inner_product"), as_metric("L2")
    ('ip', 'l2')
    """
    key = name.lower() if isinstance(name, str) else ""
    if key in METRICS:
        return key  # type: ignore[return-value]
    if key in ALIASES:
        return ALIASES[key]
    raise ArgumentError(
        f'{argument} is {name!r}, expected one of "ip" (inner product), "cosine", "l2"', argument
    )
