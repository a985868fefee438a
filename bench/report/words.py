"""Figures formatted for people."""

from collections.abc import Mapping
from typing import Any

NONE = "\N{EN DASH}"
UNITS = (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))


def whole(value: float | None) -> str:
    """Format 12345.6 as 12,346; small numbers keep three digits."""
    if value is None:
        return NONE
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def short(value: float) -> str:
    """Format 12000 as 12k, for axes."""
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if abs(value) >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def multiple(value: float | None) -> str:
    """Format 3.14 as 3.1x; ratios below 1.95 keep two digits."""
    if value is None:
        return NONE
    return f"{value:.2f}x" if value < 1.95 else f"{value:.1f}x" if value < 100 else f"{value:,.0f}x"


def percent(share: float | None, digits: int = 1) -> str:
    return NONE if share is None else f"{100 * share:.{digits}f} %"


def signed(number: str) -> str:
    """Replace a hyphen by a minus sign, which is as wide as a plus."""
    return number.replace("-", "\N{MINUS SIGN}")


def share(value: float | None) -> str:
    return NONE if value is None else f"{value:.4f}"


def level(recall: float) -> str:
    """Format a recall to compare at: 0.95 or 0.9873."""
    return f"{recall:.4f}".rstrip("0")


def seconds(value: float | None) -> str:
    if value is None:
        return NONE
    if value < 1e-3:
        return f"{1e6 * value:.3g} µs"
    if value < 1:
        return f"{1e3 * value:.3g} ms"
    return f"{value:.3g} s" if value < 100 else f"{value:,.0f} s"


def size(value: float | None) -> str:
    if value is None:
        return NONE
    for unit, one in UNITS:
        if value >= one:
            return f"{value / one:,.1f} {unit}"
    return f"{value:,.0f} B"


def settings(values: Mapping[str, Any]) -> str:
    """Format {"m": 16, "ef": 200} as m=16, ef=200."""
    return ", ".join(f"{name}={value}" for name, value in values.items() if value is not None)


def listing(names: list[str]) -> str:
    """Join names as a, b and c."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
