"""Codecs on values that are equal, far apart, clipped or at the limits of float32."""

import numpy as np
import pytest

import vecq

KINDS = ["fp32", "fp16", "int16", "int12", "int8", "int4"]
LEVELS = {"int16": 32767, "int12": 1911, "int8": 127, "int4": 7}
SCALES = ["vector", "dimension", "global"]
METRICS = ["ip", "cosine", "l2"]
DIM = 16
# Errors of int4 are this many times those that int8 and wider codes are held to.
COARSER = {kind: 18 if kind == "int4" else 1 for kind in KINDS}


def sample(count=60, dim=DIM, seed=0):
    return np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float32)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("center", [False, True])
def test_constant_dimensions_decode_exactly(kind, scale, center):
    if kind not in LEVELS and scale != "vector":
        return  # refused, as test_bad_settings_are_named shows
    vectors = sample()
    vectors[:, 3], vectors[:, 4] = 5, 0
    codec = vecq.Codec(kind, scale=scale, center=center, rotate=False)
    decoded = codec.encode(vectors).decode()
    steps = {"int4": 7, "int8": 127}.get(kind, 2000)
    step = np.abs(vectors).max() / steps
    np.testing.assert_allclose(decoded, vectors, atol=step)
    np.testing.assert_array_equal(decoded[:, 4], 0)
    if center:
        np.testing.assert_array_equal(decoded[:, 3], 5)
    for metric in METRICS:
        assert np.isfinite(codec.score(codec.encode(vectors), vectors, metric)).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rotate", [False, True])
def test_zero_vectors_score_0(kind, rotate):
    vectors = sample()
    vectors[5] = 0
    codec = vecq.Codec(kind, rotate=rotate)
    codes = codec.encode(vectors)
    np.testing.assert_array_equal(codes.decode()[5], 0)
    for metric in ("ip", "cosine"):
        scores = codec.score(codes, vectors, metric)
        assert not scores[5].any()
        assert not scores[:, 5].any()
    scores, norm2 = codec.score(codes, vectors, "l2"), (vectors.astype(float) ** 2).sum(axis=1)
    np.testing.assert_allclose(scores[5], -norm2, rtol=0.03)
    np.testing.assert_allclose(scores[:, 5], -norm2, rtol=0.03)
    assert scores[5, 5] == 0


@pytest.mark.parametrize("kind", LEVELS)
@pytest.mark.parametrize("scale", ["dimension", "global"])
@pytest.mark.parametrize("calibration", ["minmax", "percentile", "mse", "entropy"])
def test_a_sample_of_zeros_fits(kind, scale, calibration):
    codec = vecq.Codec(kind, scale=scale, calibration=calibration).fit(np.zeros((10, DIM)))
    codes = codec.encode(np.zeros((3, DIM)))
    assert codes.clipped == 0
    assert not codes.decode().any()
    beyond = codec.encode(sample())
    assert beyond.clipped == 60 * DIM
    for metric in METRICS:
        assert np.isfinite(codec.score(beyond, sample(), metric)).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scale", SCALES)
def test_a_sample_of_one_row_fits(kind, scale):
    if kind not in LEVELS and scale != "vector":
        return  # refused, as test_bad_settings_are_named shows
    row = sample(1)
    np.testing.assert_array_equal(
        vecq.Codec(kind, scale=scale, center=True).encode(row).decode(), row
    )
    around = np.abs(row).max() / 127 * COARSER[kind]
    np.testing.assert_allclose(vecq.Codec(kind, scale=scale).encode(row).decode(), row, atol=around)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [1e-45, 1e-42, 1e-40, 1e-38, 1e-30, 1e30])
def test_norms_at_the_limits_of_float32(kind, size, refuse):
    """Magnitudes whose squares, sums or inverses are beyond float32."""
    with np.errstate(under="ignore"):
        vectors = (sample() * size).astype(np.float32)
    queries = sample(9, seed=1)
    codec = vecq.Codec(kind)
    codes = codec.encode(vectors)
    least = LEVELS.get(kind, 1) * 1.5e-45
    # A scale has a few bits only among the denormals.
    lost = np.abs(vectors).max() * 0.01 * COARSER[kind] + least
    np.testing.assert_allclose(codes.decode(), vectors, rtol=0, atol=lost)
    rows, exact = vectors.astype(float), queries.astype(float)
    ip = exact @ rows.T
    around = (
        1e-2 * COARSER[kind] * np.outer(np.linalg.norm(exact, axis=1), np.linalg.norm(rows, axis=1))
    )
    around += least * np.abs(exact).sum(axis=1)[:, None]
    assert (np.abs(codec.score(codes, queries) - ip) <= around).all()
    assert np.isfinite(codec.score(codes, queries, "cosine")).all()
    if size > least:  # else scales vanish, and with them the vectors
        lengths = np.outer(np.linalg.norm(exact, axis=1), np.linalg.norm(rows, axis=1))
        cosine = codec.score(codes, queries, "cosine")
        np.testing.assert_allclose(cosine, ip / lengths, rtol=0, atol=1e-2 * COARSER[kind])
    if size > 1:
        refuse("codes", "squared norm beyond float32 in row 0", codec.score, codes, queries, "l2")
        refuse(
            "queries",
            "squared norm beyond.* row 0",
            codec.score,
            codec.encode(queries),
            vectors,
            "l2",
        )
    else:
        expected = -(exact**2).sum(axis=1, keepdims=True) * np.ones(len(vectors))
        np.testing.assert_allclose(codec.score(codes, queries, "l2"), expected, rtol=0.03)


@pytest.mark.parametrize("kind", KINDS)
def test_huge_queries_and_huge_rows(kind):
    vectors = sample() * np.float32(1e30)
    codec = vecq.Codec(kind)
    codes = codec.encode(vectors)
    np.testing.assert_allclose(
        np.diag(codec.score(codes, vectors, "cosine")), 1, atol=1e-2 * COARSER[kind]
    )
    tiny = sample() * np.float32(1e-30)
    norm2 = (sample().astype(float) ** 2).sum(axis=1)
    np.testing.assert_allclose(np.diag(codec.score(codes, tiny)), norm2, rtol=2e-2 * COARSER[kind])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("rotate", [False, True])
def test_tiny_beside_huge_values(kind, scale, rotate):
    if kind not in LEVELS and scale != "vector":
        return  # refused, as test_bad_settings_are_named shows
    vectors = sample()
    vectors[:, ::2] *= np.float32(1e30)
    vectors[:, 1::2] *= np.float32(1e-30)
    codec = vecq.Codec(kind, scale=scale, rotate=rotate)
    codes = codec.encode(vectors)
    assert codes.clipped == 0
    lost = np.abs(vectors).max() / 50 * COARSER[kind]
    np.testing.assert_allclose(codes.decode(), vectors, rtol=0, atol=lost)
    expected = sample(5, seed=1).astype(float) @ vectors.T.astype(float)
    scores = codec.score(codes, sample(5, seed=1))
    assert np.abs(scores - expected).max() <= 0.05 * COARSER[kind] * np.abs(expected).max()


@pytest.mark.parametrize("kind", LEVELS)
@pytest.mark.parametrize("scale", ["dimension", "global"])
@pytest.mark.parametrize("factor", [1.5, 100, 1e30])
def test_values_beyond_the_range_are_clipped_and_counted(kind, scale, factor):
    codec = vecq.Codec(kind, scale=scale, rotate=False).fit(sample(200))
    vectors = sample(50, seed=1) * np.float32(factor)
    codes = codec.encode(vectors)
    levels = LEVELS[kind]
    top = levels * codec.scales.astype(float)
    beyond = np.abs(vectors) > top * (1 + 0.5 / levels)
    assert codes.clipped == beyond.sum() > 0
    steps = {"int12": 16, "int4": 1 / 16}.get(kind, 1)  # of a code in the unit of its scale
    half = 0.5001 / steps * codes.constants["scale"][:, None].astype(float)
    half = half * (codec.scales if scale == "dimension" else 1)
    assert (np.abs(codes.decode() - np.clip(vectors, -top, top)) <= half + 1e-6).all()
    assert (np.sign(codes.decode()) == np.sign(vectors))[beyond].all()


@pytest.mark.parametrize("kind", LEVELS)
@pytest.mark.parametrize("scale", ["dimension", "global"])
def test_calibrations_clip_the_documented_share(kind, scale):
    rng = np.random.default_rng(0)
    vectors = rng.standard_t(3, (4000, 16)).astype(np.float32)  # heavy tails
    largest = np.abs(vectors).max(axis=0 if scale == "dimension" else None)

    def fitted(calibration, **options):
        settings = {"scale": scale, "calibration": calibration, "rotate": False, **options}
        codec = vecq.Codec(kind, **settings).fit(vectors)
        codes = codec.encode(vectors)
        clipped = codes.clipped / vectors.size
        return codec.scales, clipped, ((codes.decode() - vectors) ** 2).mean()

    scales, clipped, error = fitted("minmax")
    np.testing.assert_allclose(scales, largest / np.float32(LEVELS[kind]), rtol=1e-6)
    assert clipped == 0
    np.testing.assert_array_equal(fitted("percentile", percentile=100)[0], scales)
    for percentile in (50, 99, 99.9):
        lower, clipped, _ = fitted("percentile", percentile=percentile)
        assert (lower <= scales).all()
        # A value up to half a step beyond the range loses nothing, and is not counted.
        assert 0.9 * (1 - percentile / 100) - 1e-3 <= clipped <= 1 - percentile / 100 + 1e-6
    assert fitted("mse")[2] <= 1.001 * error
    lower, clipped, _ = fitted("entropy")
    assert ((lower > 0) & (lower <= scales * 1.001)).all()
    assert clipped <= 0.1


BIG = np.float32(2.0**110)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("transform", [{}, {"center": True}, {"rotate": True}], ids=str)
def test_values_too_large_are_refused(kind, transform, refuse):
    codec = vecq.Codec(kind, **transform).fit(sample())
    largest = np.full((2, DIM), BIG)
    codes = codec.encode(largest)
    assert np.isfinite(codes.decode()).all()
    assert np.isfinite(codes.constants["norm"]).all()
    larger = np.nextafter(largest, np.float32(np.inf))
    refuse("vectors", "too large .* row 0", codec.encode, larger)
    refuse("queries", "too large .* row 0", codec.score, codec.encode(sample()), larger)
    refuse("sample", "too large .* row 0", vecq.Codec(kind, **transform).fit, larger)


@pytest.mark.parametrize("calibration", ["minmax", "percentile", "mse", "entropy"])
@pytest.mark.parametrize("scale", ["dimension", "global"])
def test_scales_are_finite_or_refused(scale, calibration, refuse):
    huge = sample() / 5 * BIG
    codec = vecq.Codec(scale=scale, calibration=calibration, rotate=False).fit(huge)
    assert np.isfinite(codec.scales).all()
    codes = codec.encode(huge)
    assert np.isfinite(codes.decode()).all()
    if scale == "dimension":
        refuse("queries", "beyond float32 in row 0", codec.score, codes, huge)
    else:
        assert not np.isnan(codec.score(codes, sample())).any()
