"""Scales of axes: map values to 0 .. 1, and choose tick labels."""

import math
from collections.abc import Callable, Iterator, Sequence

from vecq.bench.report.words import short

Tick = tuple[float, str]
# Tick labels of an axis of shares, in order of preference.
NINES = (0.9, 0.99, 0.999, 0.5, 0.95, 1, 0, 0.98, 0.8, 0.995, 0.998)


class Scale:
    """An axis that is linear after a transform."""

    def __init__(
        self,
        values: Sequence[float],
        transform: Callable[[float], float],
        room: tuple[float, float],
    ) -> None:
        self._transform = transform
        low, high = transform(min(values)), transform(max(values))
        span = high - low or 0.1
        self._low, self._high = low - room[0] * span, high + room[1] * span

    def at(self, value: float) -> float:
        """Return 0 at the start of the axis, 1 at its end."""
        return (self._transform(value) - self._low) / (self._high - self._low)

    def ticks(self) -> list[Tick]:
        raise NotImplementedError

    def _holds(self, value: float) -> bool:
        return -1e-9 <= self.at(value) <= 1 + 1e-9


class Log(Scale):
    """A logarithmic axis."""

    def __init__(self, values: Sequence[float], text: Callable[[float], str] = short) -> None:
        super().__init__(values, math.log10, (0.08, 0.08))
        self._text = text

    def ticks(self) -> list[Tick]:
        """Return powers of ten, and multiples in between until there are three ticks."""
        values: list[float] = []
        for digits in ((1,), (1, 3), (1, 2, 5), range(1, 10)):
            values = list(self._multiples(digits))
            if len(values) >= 3:
                break
        return [(value, self._text(value)) for value in values]

    def _multiples(self, digits: Sequence[int]) -> Iterator[float]:
        for power in range(math.floor(self._low), math.ceil(self._high) + 1):
            yield from (v for d in digits if self._holds(v := d * 10.0**power))


class Nines(Scale):
    """An axis of shares: 0.9 to 0.99 is about as long as 0.99 to 0.999."""

    LEAST, APART, MOST = 1e-4, 0.1, 6  # resolution below 1; least distance and number of ticks

    def __init__(self, values: Sequence[float]) -> None:
        super().__init__(values, lambda v: -math.log10(1 - v + self.LEAST), (0.06, 0.06))

    def ticks(self) -> list[Tick]:
        chosen: list[float] = []
        for value in filter(self._holds, NINES):
            if all(abs(self.at(value) - self.at(other)) >= self.APART for other in chosen):
                chosen.append(value)
        return [(value, f"{value:g}") for value in (chosen if len(chosen) > 1 else self._even())]

    def _even(self) -> list[float]:
        """Return round values for an axis too short for the preferred ones."""
        ends = (1 + self.LEAST - 10**-(edge) for edge in (self._low, self._high))
        low, high = ends
        step = 10.0 ** math.floor(math.log10((high - low) / 2))
        first, last = math.ceil(low / step), math.floor(high / step)
        every = max(1, -(-(last - first + 1) // self.MOST))
        return [round(number * step, 9) for number in range(first, last + 1, every)]


class Linear(Scale):
    """A linear axis that starts at 0, or below for negative values."""

    def __init__(self, values: Sequence[float], text: Callable[[float], str] = short) -> None:
        super().__init__([0, *values], float, (0.0, 0.08))
        self._text = text

    def ticks(self) -> list[Tick]:
        step = self._step((self._high - self._low) / 5)
        first, last = math.ceil(self._low / step - 1e-9), math.floor(self._high / step + 1e-9)
        return [(n * step, self._text(round(n * step, 9))) for n in range(first, last + 1)]

    @staticmethod
    def _step(least: float) -> float:
        power = 10.0 ** math.floor(math.log10(least))
        return next(power * digit for digit in (1, 2, 5, 10) if power * digit >= least * 0.999)
