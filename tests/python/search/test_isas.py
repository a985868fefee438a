"""Scans and filtered walks return the same bits on every instruction set."""

import pytest

import vecq

# More rows than a sample is taken of. Prints a hash for each metric and kind.
EVERYTHING = """
import hashlib, itertools
import numpy as np, vecq
rng = np.random.default_rng(0)
items = (rng.standard_normal((9000, 40)) * rng.lognormal(0, 0.5, (9000, 1)) + 0.2).astype("f4")
items[3], items[5:200] = 0, items[5]
queries = rng.standard_normal((40, 40)).astype("f4")
queries[7] *= 1e-30
seen = [rng.choice(9000, 50) for _ in queries]
for metric, kind in itertools.product(("ip", "cosine", "l2"), ("int4", "int8", "int12", "int16")):
    digest = hashlib.sha256()
    few = vecq.Index(40, metric, kind, m=4, ef_construction=20).add(items[:1000], threads=1)
    some = rng.random(1000) < 0.3
    for plan, bits, count in itertools.product(("walk", "step_over", "scan"), (8, 15), (1, 6, 40)):
        options = {"plan": plan, "query_bits": bits, "exclude": seen[:count], "allow": some}
        found = few.search(queries[:count], 20, ef=40, **options)
        digest.update(found.ids.tobytes() + found.scores.tobytes())
    for bits, count in itertools.product((8, 15), (1, 6, 7, 40)):
        options = {"metric": metric, "codec": kind, "query_bits": bits, "exclude": seen[:count]}
        found = vecq.brute_force(items, queries[:count], k=50, **options)
        digest.update(found.ids.tobytes() + found.scores.tobytes())
    print(metric, kind, digest.hexdigest())
"""

ISAS = vecq.cpu().isas


@pytest.fixture(scope="module")
def answers():
    return {}


@pytest.mark.parametrize("isa", ISAS, ids=lambda isa: isa.name)
def test_every_isa_finds_the_same(isa, python, answers):
    if not isa.available:
        pytest.skip(f"{isa.name} can't run here: {isa.missing}")
    for name in (ISAS[0].name, isa.name):
        if name not in answers:
            result = python(EVERYTHING, name)
            assert result.returncode == 0, result.stderr
            answers[name] = result.stdout.splitlines()
    assert len(answers[isa.name]) == 12
    assert answers[isa.name] == answers[ISAS[0].name]
