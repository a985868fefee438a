"""Deliberately broken indexes, which the harness loads as broken_indexes:Class."""

import os
import signal

import numpy as np

from vecq.bench import Adapter


class Scan(Adapter):
    """Correct brute force; the other classes corrupt its answers."""

    name = "scan"

    def build(self, vectors, metric, threads):
        self.vectors = vectors

    def search(self, queries, k):
        scores = queries @ self.vectors.T
        ids = np.argsort(-scores, axis=1)[:, :k]
        return ids, np.take_along_axis(scores, ids, axis=1)


class Backwards(Scan):
    """Return the last of equal items first."""

    name = "backwards"

    def build(self, vectors, metric, threads):
        self.vectors = vectors[::-1]

    def search(self, queries, k):
        scores = queries @ self.vectors.T
        ids = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        return len(self.vectors) - 1 - ids, np.take_along_axis(scores, ids, axis=1)


class TwoSettings(Scan):
    """Has two settings; neither finds everything."""

    name = "two settings"

    def ladder(self, k, rows):
        return [{"found": k // 4}, {"found": k // 2}]

    def set(self, setting, k, threads):
        self.found = setting["found"]

    def search(self, queries, k):
        ids, scores = super().search(queries, k)
        ids[:, self.found :] = -1
        return ids, scores


class Late(Scan):
    """Has a minimum effort below which settings make no difference."""

    name = "late"

    def set(self, setting, k, threads):
        self.kept = max(setting["ef"], 300)

    def search(self, queries, k):
        ids, scores = super().search(queries, k)
        ids[:, min(self.kept // 5, k) :] = -1
        return ids, scores


class Random(Scan):
    name = "random"

    def search(self, queries, k):
        rng = np.random.default_rng(0)
        ids = np.stack([rng.choice(len(self.vectors), k, replace=False) for _ in queries])
        return ids, np.zeros(ids.shape)


class Duplicates(Scan):
    name = "duplicates"

    def search(self, queries, k):
        ids, scores = super().search(queries, k)
        ids[:, 1] = ids[:, 0]
        return ids, scores


class Fewer(Scan):
    name = "fewer"

    def search(self, queries, k):
        ids, scores = super().search(queries, k)
        ids[:, k // 2 :] = -1
        return ids, scores


class Strangers(Scan):
    name = "strangers"

    def search(self, queries, k):
        ids, scores = super().search(queries, k)
        return ids + len(self.vectors), scores


class NotNumbers(Scan):
    name = "not numbers"

    def search(self, queries, k):
        ids, scores = super().search(queries, k)
        return ids, scores * np.nan


class Shape(Scan):
    name = "shape"

    def search(self, queries, k):
        ids, scores = super().search(queries, k)
        return ids.T, scores


class OneByOne(Scan):
    name = "one by one"
    batched = False


class RaisesOnBuild(Scan):
    name = "raises on build"

    def build(self, vectors, metric, threads):
        raise RuntimeError("no\nmemory")


class RaisesOnSearch(Scan):
    name = "raises on search"

    def search(self, queries, k):
        raise KeyError("lost")


class RaisesOnConstruction(Scan):
    def __init__(self):
        raise ImportError("no license")


class DiesOnConstruction(Scan):
    def __init__(self):
        os.kill(os.getpid(), signal.SIGSEGV)


class RaisesOnLadder(Scan):
    name = "raises on ladder"

    def ladder(self, k, rows):
        raise IndexError("no rungs")


class EmptyLadder(Scan):
    name = "empty ladder"

    def ladder(self, k, rows):
        return []


class RaisesOnClose(Scan):
    name = "raises on close"

    def close(self):
        raise OSError("stuck")


class Careless(Scan):
    """Does not call the base constructor; has numpy numbers and lists in its settings."""

    name = "careless"

    def __init__(self):
        self.settings["m"] = np.int64(8)

    def ladder(self, k, rows):
        return [{"ef": np.int64(k), "rate": np.float32(np.nan), "steps": [1, 2]}]

    def set(self, setting, k, threads):
        assert isinstance(setting["ef"], np.int64)


class Nameless(Scan):
    name = Adapter.name


class Other(Scan):
    """Has the name of another contender."""


class DiesLater(Scan):
    """Answers once, then crashes."""

    name = "dies later"
    answered = False

    def search(self, queries, k):
        if self.answered:
            os.kill(os.getpid(), signal.SIGSEGV)
        self.answered = True
        return super().search(queries, k)


class Dies(Scan):
    name = "dies"

    def build(self, vectors, metric, threads):
        os.kill(os.getpid(), signal.SIGSEGV)


class Saved(Scan):
    """A correct index that processes can share."""

    name = "saved"

    def save(self, path):
        with open(path, "wb") as file:
            np.save(file, self.vectors)

    def load(self, path, metric, dim, rows):
        self.vectors = np.load(path)
        assert self.vectors.shape == (rows, dim)


class DiesInProcesses(Saved):
    name = "dies in processes"

    def load(self, path, metric, dim, rows):
        super().load(path, metric, dim, rows)
        self.loaded = True

    def search(self, queries, k):
        if hasattr(self, "loaded"):
            os._exit(3)
        return super().search(queries, k)


class RaisesInProcesses(Saved):
    name = "raises in processes"

    def load(self, path, metric, dim, rows):
        raise OSError("no such index")


class Interrupted(Scan):
    """Raises KeyboardInterrupt during a search."""

    name = "interrupted"

    def search(self, queries, k):
        if len(queries) > 32:
            os.kill(os.getppid(), signal.SIGINT)
        return super().search(queries, k)


NOT_AN_ADAPTER = 3
