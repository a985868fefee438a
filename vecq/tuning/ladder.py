"""Finds the first rung that is enough, climbing from where rungs are cheap."""

from collections.abc import Callable, Sequence


def climb(rungs: Sequence[int], enough: Callable[[int], bool]) -> int | None:
    """The lowest rung that is enough; all above it are taken to be, too. None if none is.

    Strides double until a rung is enough, and what was skipped is bisected: dear rungs, high up,
    are hardly ever tried.

    >>> climb([1, 2, 4, 8, 16], lambda rung: rung >= 5)
    8
    """
    low, high, stride = -1, 0, 1
    while not enough(rungs[high]):
        if high == len(rungs) - 1:
            return None
        low, high, stride = high, min(high + stride, len(rungs) - 1), 2 * stride
    while high - low > 1:
        middle = (low + high) // 2
        if enough(rungs[middle]):
            high = middle
        else:
            low = middle
    return rungs[high]
