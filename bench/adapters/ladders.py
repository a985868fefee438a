"""Ladders of search settings, from fast to thorough."""

import math
from typing import Any

Setting = dict[str, Any]


def doublings(first: int, last: int) -> list[int]:
    """Return whole numbers that double with every second step.

    >>> doublings(10, 40)
    [10, 14, 20, 28, 40]
    """
    steps = 2 * int(math.log2(last / first)) if last > first else 0
    return [round(first * 2 ** (step / 2)) for step in range(steps + 1)]


def widths(k: int) -> list[int]:
    """Return values of ef, from k to 8 k, and up to 1,600 for small k."""
    return doublings(k, max(8 * k, min(64 * k, 1600)))


def probes(lists: int) -> list[int]:
    """Return numbers of lists to probe: powers of two, then all lists.

    >>> probes(10)
    [1, 2, 4, 8, 10]
    """
    return [2**step for step in range(lists.bit_length()) if 2**step < lists] + [lists]
