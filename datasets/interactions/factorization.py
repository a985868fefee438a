"""Factorize interactions into embeddings of users and items, by the package implicit."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from vecq import ArgumentError, DatasetError
from vecq.core.arguments import thread_count, whole
from vecq.core.progress import Progress, Report
from vecq.datasets.dataset import Csr, Dataset
from vecq.datasets.interactions.table import Interactions
from vecq.datasets.paths import require
from vecq.datasets.truth import with_truth

Model = Literal["als", "bpr"]
MODELS = ("als", "bpr")
PURPOSE = "making embeddings of interactions"


def factorize(
    table: Interactions,
    factors: int = 64,
    *,
    model: Model = "als",
    iterations: int | None = None,
    seed: int = 0,
    threads: int = 0,
    progress: Progress = None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Compute embeddings of users and items whose inner products predict interactions.

    Rows of the results follow `table.user_names` and `table.item_names`.

    Args:
        table: The interactions.
        factors: Dimension of the embeddings; "bpr" adds one for popularity. Default: 64.
        model: "als" (alternating least squares) or "bpr" (Bayesian personalized ranking).
            Default: "als".
        iterations: Number of iterations. Default: 15 for "als", 100 for "bpr".
        seed: With one thread, the same seed gives the same embeddings. Default: 0.
        threads: Number of threads; 0 = all cores. Default: 0.
        progress: Shows progress in iterations, as in `vecq.Index.add`. Default: None.

    Returns:
        The embeddings of users, and those of items.

    Raises:
        ArgumentError: An argument is out of range.
        UnsupportedError: implicit is not installed.
    """
    if model not in MODELS:
        raise ArgumentError(f"model is {model!r}, expected one of {', '.join(MODELS)}", "model")
    factors = whole(factors, "factors", 1, 4096)
    rounds = {"als": 15, "bpr": 100}[model]
    rounds = rounds if iterations is None else whole(iterations, "iterations", 1, 100_000)
    learner_class = _learner(model)
    limits = require("threadpoolctl", "interactions", PURPOSE).threadpool_limits
    # The learner has its own threads; those of BLAS would compete with them.
    with Report(progress, rounds) as report, limits(1, "blas"):
        learner = learner_class(
            factors=factors,
            iterations=rounds,
            random_state=whole(seed, "seed", 0, 2**31 - 1),
            num_threads=thread_count(threads),
            use_gpu=False,
        )
        learner.fit(
            _matrix(table),
            show_progress=False,
            callback=lambda done, *_: report(done + 1, rounds),
        )
    users, items = (
        np.ascontiguousarray(each, np.float32)
        for each in (learner.user_factors, learner.item_factors)
    )
    return users, items


def recommend_from(
    seen: Interactions,
    heldout: Interactions,
    name: str,
    *,
    most_users: int = 10_000,
    k: int = 1000,
    seed: int = 0,
    threads: int = 0,
    **options: Any,
) -> Dataset:
    """Factorize seen interactions, and make a data set of the users with held-out items.

    Args:
        seen: Interactions to learn from, and to exclude from recommendations.
        heldout: Interactions to be found; users and items have the same numbers as in `seen`.
        name: The name of the data set.
        most_users: The most users; of more, a random sample is used. Default: 10,000.
        k: Number of true best items per user. Default: 1,000.
        seed: Of the sample and of the embeddings. Default: 0.
        threads: Number of threads; 0 = all cores. Default: 0.
        options: Arguments of `factorize`.

    Returns:
        The data set, with users as queries.

    Raises:
        DatasetError: No user has both seen and held-out items.

    >>> seen, heldout = read_interactions("gowalla/train.txt", "gowalla/test.txt")
    >>> recommend_from(seen, heldout, "gowalla", factors=128)
    """
    chosen = choose_users(seen, heldout, most_users, seed)
    users, items = factorize(seen, seed=seed, threads=threads, **options)
    test = np.ascontiguousarray(users[chosen])
    own, later = _lists(seen, chosen), _lists(heldout, chosen)
    data = Dataset(name, "ip", items, test, seen=own, heldout=later)
    return with_truth(data.check(), k, threads=threads)


def choose_users(
    seen: Interactions, heldout: Interactions, most_users: int = 10_000, seed: int = 0
) -> NDArray[np.int64]:
    """Return the users that `recommend_from` makes queries of, in the order of its `test`.

    With `seen.user_names` and `seen.item_names`, queries and items map back to the source.

    Args:
        seen: Interactions to learn from.
        heldout: Interactions to find; numbered as in `seen`.
        most_users: Of more users with both, a sample is drawn. Default: 10,000.
        seed: Seed of the sample. Default: 0.

    Raises:
        DatasetError: No user has both seen and held-out items.
    """
    most_users = whole(most_users, "most_users", 1, 2**31 - 1)
    eligible = np.intersect1d(seen.users, heldout.users)
    if len(eligible) == 0:
        raise DatasetError("no user has both seen and held-out items", "user")
    if len(eligible) <= most_users:
        return eligible
    rng = np.random.default_rng(seed)
    return np.sort(rng.choice(eligible, most_users, replace=False))


def _learner(model: Model) -> Any:
    """Return the class of implicit for a model."""
    if model == "als":
        return require("implicit.als", "interactions", PURPOSE).AlternatingLeastSquares
    return require("implicit.bpr", "interactions", PURPOSE).BayesianPersonalizedRanking


def _matrix(table: Interactions) -> Any:
    """Return a sparse matrix of users by items."""
    sparse = require("scipy.sparse", "interactions", PURPOSE)
    weights = np.ones(len(table)) if table.weights is None else table.weights
    shape = len(table.user_names), len(table.item_names)
    cells = (weights.astype(np.float32), (table.users, table.items))
    return sparse.csr_matrix(cells, shape, dtype=np.float32)


def _lists(table: Interactions, users: NDArray[np.int64]) -> Csr:
    """Return the distinct items of some users, ascending."""
    items = table.items[np.lexsort((table.items, table.users))]
    counts = np.bincount(table.users, minlength=len(table.user_names))
    ends = np.cumsum(counts)
    return Csr.of([np.unique(items[ends[user] - counts[user] : ends[user]]) for user in users])
