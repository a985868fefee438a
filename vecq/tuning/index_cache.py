"""Builds the indexes of trials and keeps them while memory allows.

One graph serves several codecs: under "cosine" and "l2", builds with the same m and
ef_construction share their links, and only the codes differ. The exception are centered codecs
under "cosine", whose rows are linked by l2; they share links among themselves. Graphs for inner
products are not shared: they have one layer, which is entered and repaired by their own codes,
while only layered graphs can be adopted. If build time is the objective, every graph is built.
"""

from dataclasses import replace

from vecq.core.memory import memory_limit
from vecq.tuning.limits import Clock
from vecq.tuning.problem import Problem
from vecq.tuning.space import KINDS, Build, Space
from vecq.tuning.trial_index import TrialIndex

MEMORY_SHARE = 0.25  # share of the available memory that indexes may take
LEAST_KEPT = 3  # indexes that are kept in any case, among them the best and the newest
# Longest build that is repeated to confirm a choice, and longest time of all repeated builds.
REBUILD_SECONDS, ALL_REBUILD_SECONDS = 10.0, 20.0
SHARING_METRICS = ("cosine", "l2")


class IndexCache:
    """Indexes by their build.

    Args:
        problem: Rows to index.
        space: Codecs that may be asked for.
        clock: Ends a build when time is up.
        timed: Build time is the objective, so that no graph is shared.
    """

    def __init__(self, problem: Problem, space: Space, clock: Clock, timed: bool) -> None:
        self._problem, self._space, self._clock, self._timed = problem, space, clock, timed
        self._sharing = problem.metric in SHARING_METRICS and not timed
        self._indexes: list[TrialIndex] = []
        self._rebuilt: dict[object, TrialIndex] = {}
        self._pinned: TrialIndex | None = None
        self.seconds = self._rebuild_seconds = 0.0  # of all builds; of repeated builds

    def get(self, build: Build) -> TrialIndex:
        """Return the index of a build, which may have a rerank store in addition."""
        found = self.find(build)
        if found is None:
            donor = self._donor(build)
            found = self._build(build if donor else self._with_rerank_codec(build), donor)
            self._indexes.append(found)
            self._evict()
        return found

    def find(self, build: Build) -> TrialIndex | None:
        """Return the same index if it is in the cache."""
        for built in self._indexes:
            if build.key() in (built.build.key(), built.build.key(rerank_codec=False)):
                return built
        return None

    def has(self, build: Build) -> bool:
        """Return whether the index needs no new graph."""
        return (self.find(build) or self._donor(build)) is not None

    def rebuilt(self, build: Build) -> TrialIndex | None:
        """Return a second index of the same build, linked by its own codes.

        Returns:
            None if the build takes too long, or if one thread would build the same graph again.
        """
        built = self.get(build)
        name = built.build.key()
        if name not in self._rebuilt:
            is_cheap = (
                built.seconds <= REBUILD_SECONDS
                and self._rebuild_seconds + built.seconds <= ALL_REBUILD_SECONDS
            )
            same = self._problem.threads == 1 and not built.shares_graph
            if same or not is_cheap or self._clock.left <= 2 * built.seconds:
                return None
            self._rebuilt[name] = made = self._build(built.build, None)
            self._rebuild_seconds += made.spent_seconds
            self._evict()
        return self._rebuilt[name]

    def pin(self, index: TrialIndex) -> None:
        """Keep this index, and no longer the one that was pinned before."""
        self._pinned = index

    def _build(self, build: Build, donor: TrialIndex | None) -> TrialIndex:
        self._clock.check()
        made = TrialIndex(build, self._problem, self._clock, donor)
        self.seconds += made.spent_seconds
        return made

    def _donor(self, build: Build) -> TrialIndex | None:
        """Return an index whose graph can be shared."""
        if not self._sharing:
            return None
        alike = (one for one in self._indexes if self._linking(one.build) == self._linking(build))
        return next(alike, None)

    def _linking(self, build: Build) -> object:
        """Return a key that is equal for builds that can share their links."""
        is_centered = bool(build.codec.settings["center"])
        return build.graph, self._problem.metric == "cosine" and is_centered

    def _with_rerank_codec(self, build: Build) -> Build:
        """Add a rerank store, so that trials with one need no second build."""
        wider = [
            kind
            for kind in KINDS[KINDS.index(build.codec.kind) + 1 :]
            if kind in self._space.rerank_codecs
        ]
        full = 4 * self._problem.rows.size > _capacity_bytes()
        if build.rerank_codec or self._sharing or self._timed or full or not wider:
            return build
        return replace(build, rerank_codec=wider[0])

    def _evict(self) -> None:
        """Drop the oldest indexes: repeated builds first, then those that share a graph."""
        while (
            sum(one.size_bytes for one in [*self._indexes, *self._rebuilt.values()])
            > _capacity_bytes()
        ):
            if len(self._rebuilt) > 1:
                self._rebuilt.pop(next(iter(self._rebuilt)))
            elif len(self._indexes) > LEAST_KEPT:
                graphs = [self._linking(one.build) for one in self._indexes]
                others = [one for one in self._indexes[:-1] if one is not self._pinned]
                shared = [one for one in others if graphs.count(self._linking(one.build)) > 1]
                self._indexes.remove((shared or others)[0])
            else:
                return


def _capacity_bytes() -> float:
    return MEMORY_SHARE * memory_limit()
