"""Split interactions into seen and held-out ones."""

import numpy as np

from vecq import ArgumentError
from vecq.core.arguments import real, whole
from vecq.datasets.interactions.table import Interactions


def split(
    table: Interactions, share: float = 0.2, *, seed: int = 0
) -> tuple[Interactions, Interactions]:
    """Hold out a share of the items of each user: the latest ones if times are known.

    Args:
        table: The interactions, each pair once.
        share: The share of a user's items to hold out, rounded. Users with several items keep and
            hold out at least one; users with one item keep it. Default: 0.2.
        seed: Of the random choice if times are unknown or equal. Default: 0.

    Returns:
        The seen and the held-out interactions.

    Raises:
        ArgumentError: `share` is not between 0 and 1.

    >>> seen, heldout = split(read_interactions("ratings.csv")[0])
    """
    share = real(share, "share")
    if not 0 < share < 1:
        raise ArgumentError(f"share is {share!r}, expected more than 0 and less than 1", "share")
    rng = np.random.default_rng(whole(seed, "seed", 0, 2**63 - 1))
    chance = rng.random(len(table))
    times = chance if table.times is None else table.times
    order = np.lexsort((chance, times, table.users))
    counts = np.bincount(table.users, minlength=len(table.user_names))
    held = np.clip(np.rint(share * counts).astype(np.int64), 1, None)
    held = np.minimum(held, counts - 1).clip(0)
    users = table.users[order]
    # Number of later pairs of the same user.
    after = np.cumsum(counts)[users] - np.arange(len(table)) - 1
    out = after < held[users]
    return table.take(np.sort(order[~out])), table.take(np.sort(order[out]))
