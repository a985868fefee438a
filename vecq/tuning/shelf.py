"""The indexes that were built, as long as there is use and room for them.

One graph serves several codecs, as codes of the same rows can be searched by links that were chosen
on others: under "cosine" and "l2" whatever has the same m and ef_construction is linked once. Only
rows of centred codecs are linked by l2 under "cosine", too, which serves no others.
Graphs for inner products are not handed on: they have one layer, which is entered and mended by
their own codes, and an index takes over layered ones only. Where the time of building decides, all
are built.
"""

from dataclasses import replace

from vecq.core.memory import memory_limit
from vecq.tuning.built import Built
from vecq.tuning.limits import Clock
from vecq.tuning.problem import Problem
from vecq.tuning.space import KINDS, Build, Space

# Share of the memory that there is which indexes may take; so many are kept in any case, the best
# and the newest among them.
ROOM, KEPT = 0.25, 3
# A graph that took so many seconds at most is built once more to confirm what was chosen, as long
# as all that are take no more than this together.
SOON, TOGETHER = 10.0, 20.0
SHARING = ("cosine", "l2")


class Shelf:
    """Builds what is asked for, and keeps it: what is linked like something else is only coded."""

    def __init__(self, problem: Problem, space: Space, clock: Clock, timed: bool) -> None:
        self._problem, self._space, self._clock, self._timed = problem, space, clock, timed
        self._sharing = problem.metric in SHARING and not timed
        self._held: list[Built] = []
        self._anew: dict[object, Built] = {}
        self._best: Built | None = None
        self.seconds = self._twice = 0.0  # of building, and of what was there already

    def get(self, build: Build) -> Built:
        """The index of a build, or one that has a wider store besides."""
        found = self.find(build)
        if found is None:
            donor = self._donor(build)
            found = self._made(build if donor else self._widened(build), donor)
            self._held.append(found)
            self._make_room()
        return found

    def find(self, build: Build) -> Built | None:
        """The same, if it need not be built."""
        for built in self._held:
            if build.key() in (built.build.key(), built.build.key(wide=False)):
                return built
        return None

    def has(self, build: Build) -> bool:
        """Whether no graph has to be linked for it."""
        return (self.find(build) or self._donor(build)) is not None

    def anew(self, build: Build) -> Built | None:
        """An index that is linked once more, on its own codes; None if that would take long.

        Nor is there one where it would be the same: one thread links as it did before.
        """
        built = self.get(build)
        name = built.build.key()
        if name not in self._anew:
            soon = built.seconds <= SOON and self._twice + built.seconds <= TOGETHER
            same = self._problem.threads == 1 and not built.borrowed
            if same or not soon or self._clock.left <= 2 * built.seconds:
                return None
            self._anew[name] = made = self._made(built.build, None)
            self._twice += made.spent
            self._make_room()
        return self._anew[name]

    def keep(self, built: Built) -> None:
        """Keeps this one whatever comes."""
        self._best = built

    def _made(self, build: Build, donor: Built | None) -> Built:
        self._clock.check()
        made = Built(build, self._problem, self._clock, donor)
        self.seconds += made.spent
        return made

    def _donor(self, build: Build) -> Built | None:
        """One that has the graph, linked by the same distance."""
        if not self._sharing:
            return None
        alike = (one for one in self._held if self._linking(one.build) == self._linking(build))
        return next(alike, None)

    def _linking(self, build: Build) -> object:
        """What makes links serve several codecs."""
        centred = bool(build.codec.settings["center"])
        return build.graph, self._problem.metric == "cosine" and centred

    def _widened(self, build: Build) -> Build:
        """With a second store, so that none has to be built should one be asked for."""
        wider = [
            kind
            for kind in KINDS[KINDS.index(build.codec.kind) + 1 :]
            if kind in self._space.rerank_codecs
        ]
        full = 4 * self._problem.rows.size > _room()
        if build.wide or self._sharing or self._timed or full or not wider:
            return build
        return replace(build, wide=wider[0])

    def _make_room(self) -> None:
        """Gives up the oldest: what was built anew, then of what has its graph from another."""
        while sum(one.weight for one in [*self._held, *self._anew.values()]) > _room():
            if len(self._anew) > 1:
                self._anew.pop(next(iter(self._anew)))
            elif len(self._held) > KEPT:
                graphs = [self._linking(one.build) for one in self._held]
                others = [one for one in self._held[:-1] if one is not self._best]
                shared = [one for one in others if graphs.count(self._linking(one.build)) > 1]
                self._held.remove((shared or others)[0])
            else:
                return


def _room() -> float:
    return ROOM * memory_limit()
