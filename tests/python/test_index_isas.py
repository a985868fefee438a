"""The same graphs and answers, bit for bit, from every instruction set."""

import pytest

import vecq

# Prints a hash for each metric and kind. A first slice of work ends after 256 rows, whatever the
# machine's speed, and a second holds the rest.
EVERYTHING = """
import hashlib, itertools
import numpy as np, vecq
rng = np.random.default_rng(0)
items = (rng.standard_normal((500, 40)) * rng.lognormal(0, 0.5, (500, 1)) + 0.2).astype("f4")
items[3], items[4], items[5:20] = 0, items[4] * 1e-9, items[5]
queries = rng.standard_normal((40, 40)).astype("f4")
for metric, kind, link in [
    *itertools.product(("ip", "cosine", "l2"), ("int4", "int8", "int12", "int16"), ("auto",)),
    ("ip", "int8", "metric"),
    ("ip", "int8", "cosine"),
]:
    index = vecq.Index(40, metric, kind, link=link, rerank_codec="int16")
    index.add(items[:400], threads=1).add(items[400:], threads=1)
    digest, stats = hashlib.sha256(), index.stats()
    digest.update(str((stats.layers, stats.degrees.tolist(), stats.unreachable)).encode())
    for k, bits, rerank in itertools.product((1, 10, 500), (8, 15), (0, 2)):
        found = index.search(queries, k, ef=20, query_bits=bits, rerank_factor=rerank)
        for part in (found.ids, found.scores, found.counts):
            digest.update(part.tobytes())
        digest.update(str((found.hops, found.n_scored)).encode())
    print(metric, kind, link, digest.hexdigest())
"""

ISAS = vecq.cpu().isas


@pytest.fixture(scope="module")
def answers():
    return {}


@pytest.mark.parametrize("isa", ISAS, ids=lambda isa: isa.name)
def test_every_isa_makes_the_same_graph(isa, python, answers):
    if not isa.available:
        pytest.skip(f"{isa.name} can't run here: {isa.missing}")
    for name in (ISAS[0].name, isa.name):
        if name not in answers:
            result = python(EVERYTHING, name)
            assert result.returncode == 0, result.stderr
            answers[name] = result.stdout.splitlines()
    assert len(answers[isa.name]) == 14
    assert answers[isa.name] == answers[ISAS[0].name]


FLOATS = """
import numpy as np, vecq
rng = np.random.default_rng(0)
items, queries = (rng.standard_normal((count, 40)).astype("f4") for count in (400, 50))
for metric in ("ip", "cosine", "l2"):
    scores = queries.astype(float) @ items.astype(float).T
    if metric == "l2":
        scores = 2 * scores - (items.astype(float) ** 2).sum(axis=1)
    if metric == "cosine":
        scores /= np.linalg.norm(items.astype(float), axis=1)
    best = scores.argmax(axis=1)
    for kind in ("fp32", "fp16"):
        ids = vecq.Index(40, metric, kind).add(items).search(queries, 5).ids
        assert (ids == best[:, None]).any(axis=1).mean() >= 0.98, (metric, kind)
"""


@pytest.mark.parametrize("isa", ISAS, ids=lambda isa: isa.name)
def test_every_isa_walks_floats(isa, python):
    if not isa.available:
        pytest.skip(f"{isa.name} can't run here: {isa.missing}")
    result = python(FLOATS, isa.name)
    assert result.returncode == 0, result.stderr
