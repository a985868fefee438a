"""Compares calls with a condition for each query with numpy and with a call for each query."""

import numpy as np

DIM, COUNT, K = 16, 6000, 12


def vectors(count, seed=0):
    return np.random.default_rng(seed).standard_normal((count, DIM), dtype=np.float32)


def agree(index, drawn, ids, seed=2, k=K, **options):
    """Compare one call for all with numpy and with a call for each query."""
    queries, exclude = vectors(len(drawn), seed + 1), options.get("exclude")
    for _ in range(2):  # the first call may not have ordered an attribute yet
        found = index.search(queries, k, where=[text for text, _ in drawn], **options)
        for i, (text, flags) in enumerate(drawn):
            own, allowed = dict(options), ids[flags]
            if exclude is not None:
                own["exclude"] = [exclude[i]]
                allowed = np.setdiff1d(allowed, exclude[i])
            shown = found.ids[i, : found.counts[i]]
            assert np.isin(shown, allowed).all(), text
            assert found.counts[i] == min(k, len(allowed)), text
            if options.get("plan") != "scan":
                continue
            alone = index.search(queries[i], k, where=text, **own)
            np.testing.assert_array_equal(found.ids[i], alone.ids[0], text)
            np.testing.assert_array_equal(found.scores[i], alone.scores[0], text)
