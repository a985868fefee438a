"""The indexes that were built, as long as there is use for them."""

from vecq.tuning.built import Built
from vecq.tuning.limits import Clock
from vecq.tuning.problem import Problem
from vecq.tuning.space import Build

# Indexes that are kept beside that of the best trial.
KEPT = 2


class Shelf:
    """Builds what is asked for, and keeps that of the best trial and the last few others."""

    def __init__(self, problem: Problem, clock: Clock) -> None:
        self._problem, self._clock = problem, clock
        self._held: list[Built] = []
        self._best: Built | None = None
        self.seconds = 0.0  # of building

    def get(self, build: Build) -> Built:
        """The index of a build, or one that has a wider store besides."""
        found = self.find(build)
        if found is None:
            self._clock.check()
            found = Built(build, self._problem, self._clock)
            self.seconds += found.seconds
            others = [one for one in self._held if one is not self._best]
            kept = [] if self._best is None else [self._best]
            self._held = [*kept, *others[len(others) - KEPT + 1 :], found]
        return found

    def find(self, build: Build) -> Built | None:
        """The same, if it need not be built."""
        for built in self._held:
            if build.key() in (built.build.key(), built.build.key(wide=False)):
                return built
        return None

    def keep(self, built: Built) -> None:
        """Keeps this one whatever comes."""
        self._best = built
