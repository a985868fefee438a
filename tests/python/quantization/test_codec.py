"""Codecs against their documented formula in float64: codes, decoded vectors, scores, state."""

import itertools
import pickle

import numpy as np
import pytest

import vecq

METRICS = ["ip", "cosine", "l2"]
LEVELS = {"int8": 127, "int16": 32767}
DIM = 67
EPS = 2.0**-20  # float32 rounding, relative to the magnitudes that are summed

SETTINGS = [
    {"kind": kind, "scale": scale, "center": center, "rotate": rotate}
    for kind in ("fp32", "fp16", "int16", "int8")
    for scale in ("vector", "dimension", "global")
    for center, rotate in itertools.product((False, True), repeat=2)
    if kind in LEVELS or scale == "vector"
]


def name_of(settings):
    return "-".join(str(k if v is True else v) for k, v in settings.items() if v is not False)


every_setting = pytest.mark.parametrize("settings", SETTINGS, ids=name_of)


def sample(count, dim=DIM, seed=0):
    """Rows of different norms with a mean other than 0."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((count, dim)) * rng.lognormal(0, 0.5, (count, 1))
    return (rows + np.linspace(-0.5, 1, dim)).astype(np.float32)


def norms(rows):
    return np.linalg.norm(rows.astype(float), axis=-1)


def numbers(codes):
    """Return the codes without padding."""
    kind = codes.codec.kind
    view = codes.rows.view({"fp32": "f4", "fp16": "f2", "int16": "i2", "int8": "u1"}[kind])
    return view[:, : codes.dim].astype(float) - 128 * (kind == "int8")


class Model:
    """The formula in float64: x ~ mean + rotation^-1(row scale * dimension scale * code)."""

    def __init__(self, codec):
        self.kind, settings, dim = codec.kind, codec.settings, codec.dim
        self.shared = settings["scale"] != "vector"
        self.mean = codec.mean.astype(float) if settings["center"] else np.zeros(dim)
        self.by_dimension = settings["scale"] == "dimension"
        self.scales = codec.scales.astype(float) if self.by_dimension else np.ones(dim)
        self.rotation = np.eye(dim)
        if settings["rotate"]:
            rotated = vecq.Codec("fp32", rotate=True, seed=settings["seed"]).encode(np.eye(dim))
            self.rotation = numbers(rotated) * rotated.constants["scale"][:, None]

    def rows(self, codes):
        """Decoded rows, centred and rotated."""
        return numbers(codes) * self.steps(codes)

    def steps(self, codes):
        return codes.constants["scale"].astype(float)[:, None] * self.scales

    def decode(self, rows):
        return rows @ self.rotation.T + self.mean

    def query(self, values, bits):
        """A coded query, and by how much it may differ where float32 rounds to another code."""
        if self.kind not in LEVELS:
            return values, EPS * np.abs(values)
        inverse = LEVELS[self.kind] / np.abs(values).max(axis=1, keepdims=True)
        if self.kind == "int16":
            bound = 46340 - len(self.mean) ** 0.5 / 2 - 16
            inverse *= np.minimum(1, bound / norms(values * inverse)[:, None])
        inverse *= 128 if bits == 15 else 1  # two bytes
        steps = values * inverse
        codes = np.rint(steps)
        along = (values * codes).sum(axis=1, keepdims=True)
        scale = 1 / inverse if bits == 15 else (values**2).sum(axis=1, keepdims=True) / along
        doubtful = np.abs(np.abs(steps - codes) - 0.5) < np.abs(steps).max() * 2.0**-18
        shift = (doubtful * np.abs(values)).sum(axis=1, keepdims=True) / along
        return scale * codes, scale * doubtful + np.abs(scale * codes) * (shift + EPS)

    def score(self, queries, codes, metric, bits):
        """Scores, and the bounds of what float32 arithmetic may differ by."""
        queries, z, x = queries.astype(float), self.rows(codes), self.decode(self.rows(codes))
        if metric == "cosine":
            queries = queries / norms(queries)[:, None]
        if metric == "l2":
            queries = queries - self.mean
        wanted = queries @ self.rotation
        # Scales of dimensions are folded into the query before it is encoded.
        folded, doubt = self.query(wanted * self.scales, bits)
        folded, doubt = folded / self.scales, doubt / self.scales
        dots, slack = folded @ z.T, doubt @ np.abs(z).T + EPS * (np.abs(folded) @ np.abs(z).T)
        if metric == "l2":
            own = wanted if self.by_dimension else folded
            slack = 2 * slack + EPS * norms(z) ** 2
            slack += ((2 * np.abs(own) + doubt) * doubt + EPS * own**2).sum(axis=1)[:, None]
            return 2 * dots - (own**2).sum(axis=1)[:, None] - norms(z) ** 2, slack
        along_mean = (queries @ self.mean)[:, None]
        scores, slack = (
            dots + along_mean,
            slack + EPS * np.abs(queries) @ np.abs(self.mean)[:, None],
        )
        if metric == "cosine":
            # The norm is found from the mean and the row, which may cancel.
            length = norms(x)
            lost = EPS * (norms(z) ** 2 + norms(self.mean) ** 2) / length**2
            return scores / length, slack / length + np.abs(scores) / length * lost
        return scores, slack


@every_setting
@pytest.mark.parametrize("unbiased", [True, False], ids=["unbiased", "plain"])
def test_decoding_errs_by_at_most_half_a_step(settings, unbiased):
    vectors = sample(200)
    codec = vecq.Codec(**settings, unbiased=unbiased)
    codes = codec.encode(vectors)
    model, decoded = Model(codec), codec.decode(codes)
    rows, wanted = model.rows(codes), (vectors - model.mean) @ model.rotation
    around = EPS * (norms(wanted) + norms(model.mean))[:, None]
    assert (np.abs(decoded - model.decode(rows)) <= around).all()
    if codec.kind in LEVELS:
        # The unbiased scale differs from that of rounding by less than a quarter of a step.
        half = 0.75 if unbiased and not model.shared else 0.5
        bound = half * model.steps(codes)
    else:
        bits = {"fp32": 2.0**-22, "fp16": 2.0**-11}[codec.kind]
        bound = bits * np.abs(wanted) + 2.0**-25 * model.steps(codes)
    assert (np.abs(rows - wanted) <= bound + around).all()
    assert codes.clipped == 0
    constants = codes.constants
    np.testing.assert_allclose(constants["centered_norm"], norms(rows), rtol=1e-5)
    np.testing.assert_allclose(constants["norm"], norms(decoded), rtol=1e-4)


@every_setting
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("query_bits", [8, 15])
def test_scores_are_those_of_the_decoded_vectors(settings, metric, query_bits):
    vectors, queries = sample(100), sample(20, seed=1)
    codec = vecq.Codec(**settings)
    codes = codec.encode(vectors)
    scores = codec.score(codes, queries, metric, query_bits=query_bits)
    expected, slack = Model(codec).score(queries, codes, metric, query_bits)
    assert scores.dtype == np.float32
    worst = np.unravel_index(np.argmax(np.abs(scores - expected) - slack), scores.shape)
    assert (np.abs(scores - expected) <= slack).all(), (
        scores[worst],
        expected[worst],
        slack[worst],
    )


def exact_scores(queries, rows, metric):
    queries, rows = queries.astype(float), rows.astype(float)
    if metric == "l2":
        return -((queries[:, None] - rows[None]) ** 2).sum(axis=2)
    scale = np.outer(norms(queries), norms(rows)) if metric == "cosine" else 1
    return queries @ rows.T / scale


@every_setting
@pytest.mark.parametrize("metric", METRICS)
def test_scores_are_close_to_those_of_the_vectors(settings, metric):
    vectors, queries = sample(300), sample(20, seed=1)
    codec = vecq.Codec(**settings)
    scores = codec.score(codec.encode(vectors), queries, metric)
    exact = exact_scores(queries, vectors, metric)
    error = {"fp32": 1e-6, "fp16": 2e-3, "int16": 1e-3, "int8": 5e-2}[codec.kind]
    assert (scores - exact).std() <= error * exact.std()


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("scale", ["vector", "dimension", "global"])
def test_queries_of_more_bits_err_less(metric, scale):
    vectors, queries = sample(300), sample(40, seed=1)
    codec = vecq.Codec("int8", scale=scale)
    codes = codec.encode(vectors)
    exact = exact_scores(queries, codes.decode(), metric)
    coarse, fine = (
        np.std(codec.score(codes, queries, metric, query_bits=bits) - exact) for bits in (8, 15)
    )
    assert fine < coarse / 30


@pytest.mark.parametrize(
    "settings", [s for s in SETTINGS if s["scale"] != "dimension"], ids=name_of
)
def test_a_vector_is_at_distance_0_from_its_own_codes(settings):
    vectors = sample(150)
    codec = vecq.Codec(**settings)
    codes = codec.encode(vectors)
    bound = 4 * EPS * norms(vectors - Model(codec).mean) ** 2
    if settings["scale"] == "global":
        # The query's scale is its own: both sides round, each by three quarters of a step at most.
        bound += DIM * (1.5 * codes.constants["scale"]) ** 2
    assert (np.abs(np.diag(codec.score(codes, vectors, "l2", query_bits=8))) <= bound).all()


@pytest.mark.parametrize("kind", LEVELS)
@pytest.mark.parametrize("rotate", [False, True])
def test_unbiased_scales_keep_the_dot_with_itself(kind, rotate):
    vectors = sample(100)
    decoded = vecq.Codec(kind, rotate=rotate).encode(vectors).decode()
    np.testing.assert_allclose((vectors * decoded).sum(axis=1), norms(vectors) ** 2, rtol=1e-5)


def test_fp32_is_exact_bit_for_bit():
    rng = np.random.default_rng(0)
    vectors = sample(100) * np.exp2(rng.integers(-50, 50, (100, DIM))).astype(np.float32)
    vectors[0], vectors[1, ::2], vectors[2] = 0, -0.0, np.finfo(np.float32).smallest_subnormal
    vectors[3], vectors[4] = 2.0**110, np.finfo(np.float32).tiny
    decoded = vecq.Codec("fp32").encode(vectors).decode()
    np.testing.assert_array_equal(decoded.view("u4"), vectors.view("u4"))


@pytest.mark.parametrize("scale", ["dimension", "global"])
def test_more_bits_are_a_better_signal(scale):
    vectors = sample(300)
    noise = {
        kind: norms(vecq.Codec(kind, scale=s).encode(vectors).decode() - vectors).mean()
        for kind, s in [("int8", scale), ("int16", scale), ("fp16", "vector"), ("fp32", "vector")]
    }
    assert noise["int8"] > 50 * noise["int16"]
    assert noise["int16"] > noise["fp32"] == 0
    assert noise["int8"] > 10 * noise["fp16"]


@every_setting
@pytest.mark.parametrize("fitted", [True, False], ids=["fitted", "unfitted"])
def test_pickling_keeps_the_codes(settings, fitted):
    codec = vecq.Codec(**settings, seed=5, calibration="percentile", percentile=99.5)
    if fitted:
        codec.fit(sample(100))
    copy = pickle.loads(pickle.dumps(codec))
    assert (copy.settings, copy.dim, repr(copy)) == (codec.settings, codec.dim, repr(codec))
    vectors = sample(50, seed=2)
    one, two = codec.encode(vectors), copy.encode(vectors)
    np.testing.assert_array_equal(one.rows, two.rows)
    np.testing.assert_array_equal(one.constants, two.constants)
    np.testing.assert_array_equal(codec.score(one, vectors), copy.score(two, vectors))


def test_the_state_of_a_codec():
    codec = vecq.Codec("int16", scale="global", center=True)
    assert (codec.kind, codec.dim, codec.needs_fit) == ("int16", None, True)
    assert codec.mean.size == codec.scales.size == 0
    assert codec.fit(sample(100)) is codec
    assert (codec.dim, codec.mean.shape, codec.scales.shape) == (DIM, (DIM,), (1,))
    np.testing.assert_allclose(codec.mean, sample(100).astype(float).mean(axis=0), rtol=1e-6)
    assert vecq.Codec("int8", rotate=True).needs_fit is False
    assert repr(vecq.Codec()) == "vecq.Codec('int8')"
    assert repr(codec) == "vecq.Codec('int16', scale='global', center=True)"
    assert repr(vecq.Codec(**codec.settings)) == repr(codec)
    assert vecq.Codec(**codec.settings).dim is None
    assert vecq.Codec.of(codec) is codec
    assert vecq.Codec.of("fp16").settings == vecq.Codec("fp16").settings


def test_refitting_keeps_older_codes_readable():
    vectors = sample(100)
    codec = vecq.Codec("int8", scale="global", center=True)
    codes = codec.encode(vectors)
    decoded, scores = codes.decode(), codec.score(codes, vectors)
    codec.fit(sample(10, dim=5) * 100)
    np.testing.assert_array_equal(codes.decode(), decoded)
    np.testing.assert_array_equal(codec.score(codes, vectors), scores)
    assert codec.encode(sample(3, dim=5)).dim == 5


@pytest.mark.parametrize("kind", ["fp32", "fp16", "int16", "int8"])
def test_slices_of_codes(kind):
    vectors = sample(100)
    codec = vecq.Codec(kind)
    codes = codec.encode(vectors)
    part = codes[20:60]
    assert (len(part), part.dim, len(codes[90:200]), len(codes[5:5])) == (40, DIM, 10, 0)
    assert np.shares_memory(part.rows, codes.rows)
    np.testing.assert_array_equal(part.decode(), codes.decode()[20:60])
    np.testing.assert_array_equal(codec.score(part, vectors), codec.score(codes, vectors)[:, 20:60])
    assert part.nbytes * 100 == codes.nbytes * 40
    assert repr(codes) == f"<100 x 67 codes of {codec!r}, {codes.nbytes:,} bytes>"
    for step in (2, -1):
        with pytest.raises(TypeError, match="sliced by rows"):
            codes[::step]
