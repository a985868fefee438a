"""Finds the smallest sufficient value of a parameter, such as `ef`, in few evaluations."""

from collections.abc import Callable, Sequence


def first_sufficient(values: Sequence[int], is_sufficient: Callable[[int], bool]) -> int | None:
    """Return the smallest sufficient value; larger values are assumed to be sufficient, too.

    Strides double until a value is sufficient, then the skipped values are bisected. Large values,
    which are expensive to evaluate, are rarely tried.

    Args:
        values: Rising values.
        is_sufficient: The test, monotonic in its argument.

    Returns:
        The value, or None if not even the largest is sufficient.

    >>> first_sufficient([1, 2, 4, 8, 16], lambda value: value >= 5)
    8
    """
    low, high, stride = -1, 0, 1
    while not is_sufficient(values[high]):
        if high == len(values) - 1:
            return None
        low, high, stride = high, min(high + stride, len(values) - 1), 2 * stride
    while high - low > 1:
        middle = (low + high) // 2
        if is_sufficient(values[middle]):
            high = middle
        else:
            low = middle
    return values[high]
