"""Warnings name the line of the caller."""

import warnings

import numpy as np
import pytest

import vecq

HARD = np.random.default_rng(0).standard_normal((2000, 64), np.float32)
HARD = HARD * 1e-3 + np.eye(1, 64, dtype=np.float32)  # codes lose: all but one dimension is small


def lossy():
    return vecq.Index(64, "l2", vecq.Codec("int8", rotate=False), m=4, ef_construction=20)


@pytest.mark.parametrize(
    "call",
    [
        lambda: lossy().add(HARD),
        lambda: lossy().upsert(HARD, range(2000)),
    ],
)
def test_loss_is_blamed_on_the_caller(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    (found,) = [own for own in caught if own.category is vecq.QuantizationWarning]
    assert found.filename == __file__


def test_drift_is_blamed_on_the_caller():
    index = vecq.Index(64, "ip", vecq.Codec("int8", scale="global"), m=4, ef_construction=20)
    rows = np.random.default_rng(1).standard_normal((500, 64), np.float32)
    index.add(rows)
    with pytest.warns(vecq.QuantizationWarning, match="beyond the range") as caught:
        index.upsert(9 * rows, index.ids)
    assert caught[0].filename == __file__


def test_clipping_is_blamed_on_the_caller():
    rows = np.random.default_rng(1).standard_normal((1000, 16), np.float32)
    codec = vecq.Codec("int8", scale="global").fit(rows / 4)
    with pytest.warns(vecq.QuantizationWarning, match="clips values") as caught:
        vecq.assess(rows, k=10, codecs=codec)
    assert caught[0].filename == __file__
