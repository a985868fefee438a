"""Codecs: encode float vectors to 4, 8, 12 or 16 bits per dimension, decode them, score codes."""

from __future__ import annotations  # short signatures in help()

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecq._native import ffi, lib
from vecq.core.arguments import choose, counted, named, real, thread_count, type_of, whole
from vecq.core.arrays import as_floats, as_vectors, float_blocks, pointer
from vecq.core.errors import ArgumentError, call
from vecq.core.structs import new_struct
from vecq.quantization.codes import Codes, constants_pointer, empty_codes
from vecq.quantization.metric import METRICS, Metric, as_metric

Kind = Literal["fp32", "fp16", "int16", "int12", "int8", "int4"]
Scale = Literal["vector", "dimension", "global"]
Calibration = Literal["minmax", "percentile", "mse", "entropy"]

KINDS: dict[str, int] = {
    "fp32": lib.VECQ_FP32,
    "fp16": lib.VECQ_FP16,
    "int16": lib.VECQ_INT16,
    "int12": lib.VECQ_INT12,
    "int8": lib.VECQ_INT8,
    "int4": lib.VECQ_INT4,
}
INTEGERS = ("int4", "int8", "int12", "int16")
ROTATED = ("int4", "int8", "int12")  # by default
SCALES: dict[str, int] = {
    "vector": lib.VECQ_SCALE_VECTOR,
    "dimension": lib.VECQ_SCALE_DIMENSION,
    "global": lib.VECQ_SCALE_GLOBAL,
}
CALIBRATIONS: dict[str, int] = {
    "minmax": lib.VECQ_MINMAX,
    "percentile": lib.VECQ_PERCENTILE,
    "mse": lib.VECQ_MSE,
    "entropy": lib.VECQ_ENTROPY,
}

# Rows of the sample that a codec is fitted on.
SAMPLE = 10_000


class Codec:
    """An encoding of float vectors.

    A vector is centered, rotated, divided by a scale and rounded; centering and rotation are
    optional. By default each vector has its own scale, so nothing needs fitting. A center and
    shared scales are fitted on a sample: by `fit`, or else by the first `encode`.

    Args:
        kind: "int8", "int12" or "int16"; "int4" where memory is scarce, beside a rerank store;
            "fp16" or "fp32" for baselines and rerank stores. Walks read the upper 4 bits of "int12"
            codes, and rescore results with all. Default: "int8".
        scale: "vector" (a scale per vector), "dimension" (a scale per dimension, shared by all
            vectors) or "global" (one scale). Default: "vector".
        calibration: How shared scales are fitted: "minmax" clips nothing, "percentile" clips
            beyond `percentile`, "mse" minimizes the squared error, "entropy" minimizes the
            divergence between the distributions of codes and values. Default: "minmax".
        percentile: Percentile of the magnitudes for calibration="percentile". Default: 99.9.
        center: Subtract the mean of the sample, for vectors far from the origin. Default: False.
        rotate: Apply a random rotation, which spreads a few large coordinates over all. Default:
            True for "int4", "int8" and "int12", False for the others.
        unbiased: Choose a vector's own scale so that its codes keep its dot product with itself.
            Default: True.
        seed: Seed of the rotation. Default: 0.

    Raises:
        ArgumentError: An argument is none of these, or two do not go together.

    >>> items = numpy.random.default_rng(0).standard_normal((1000, 64), dtype="float32")
    >>> codec = vecq.Codec("int8")
    >>> codes = codec.encode(items)
    >>> codes.nbytes / items.nbytes
    0.296875
    >>> codec.score(codes, items[:2], metric="cosine").argmax(axis=1)
    array([0, 1])
    """

    def __init__(
        self,
        kind: Kind = "int8",
        *,
        scale: Scale = "vector",
        calibration: Calibration = "minmax",
        percentile: float = 99.9,
        center: bool = False,
        rotate: bool | None = None,
        unbiased: bool = True,
        seed: int = 0,
    ) -> None:
        self._settings = {
            "kind": kind,
            "scale": scale,
            "calibration": calibration,
            "percentile": percentile,
            "center": center,
            "rotate": rotate,
            "unbiased": unbiased,
            "seed": seed,
        }
        self._options = new_struct("vecq_codec_options")
        settings = {
            "width": choose(KINDS, kind, "kind"),
            "scale": choose(SCALES, scale, "scale"),
            "calibration": choose(CALIBRATIONS, calibration, "calibration"),
            "percentile": _percentile(percentile),
            "center": bool(center),
            "rotate": kind in ROTATED if rotate is None else bool(rotate),
            "unbiased": bool(unbiased),
            "seed": whole(seed, "seed", 0, 2**64 - 1),
        }
        for name, value in settings.items():
            setattr(self._options, name, value)
        self._open(1)  # refuses settings that do not go together
        # The dim and its native codec: replaced as one, for threads may share a codec.
        self._state: tuple[int, Any] | None = None

    @staticmethod
    def of(codec: Codec | str, argument: str = "codec", *, metric: Metric | None = None) -> Codec:
        """Return a codec unchanged; for the name of a kind, the codec that it stands for.

        Under "l2" the names of integer kinds stand for codecs that center.
        """
        if isinstance(codec, Codec):
            return codec
        choose(KINDS, codec, argument)
        center = metric == "l2" and codec in INTEGERS
        return Codec(codec, center=center)  # type: ignore[arg-type]

    @property
    def kind(self) -> str:
        """ "int4", "int8", "int12", "int16", "fp16" or "fp32"."""
        return str(self._settings["kind"])

    @property
    def settings(self) -> dict[str, Any]:
        """The arguments that make an equal, unfitted codec."""
        return dict(self._settings)

    @property
    def dim(self) -> int | None:
        """Number of dimensions, known once it was fitted or has encoded; None before that."""
        return None if self._state is None else self._state[0]

    @property
    def needs_fit(self) -> bool:
        """Whether it has a center or shared scales to fit."""
        return bool(self._settings["center"]) or self._settings["scale"] != "vector"

    @property
    def mean(self) -> NDArray[np.float32]:
        """The center that is subtracted; empty unless there is one and it is fitted."""
        return self._parameters()[0]

    @property
    def scales(self) -> NDArray[np.float32]:
        """The shared scales; empty unless there are any and they are fitted."""
        return self._parameters()[1]

    def fit(self, sample: ArrayLike) -> Codec:
        """Fit the center and the shared scales on a sample.

        Codes that were made before keep the earlier state and can still be decoded.

        Args:
            sample: A few hundred to a few thousand vectors; of more than 10,000, evenly spaced
                ones are used.

        Returns:
            The codec.

        Raises:
            ArgumentError: The sample is empty or has a value that is not finite.

        >>> vecq.Codec("int8", scale="global").fit(numpy.eye(4)).scales.shape
        (1,)
        """
        self._state = self._fit(as_vectors(sample, "sample"), "sample")
        return self

    def encode(self, vectors: ArrayLike, *, threads: int = 0) -> Codes:
        """Encode vectors.

        Args:
            vectors: One vector per row, of float32, float64 or float16 in any layout.
            threads: Threads; 0 for all cores. Default: 0.

        Returns:
            The codes.

        Raises:
            ArgumentError: Vectors have a wrong shape or a value that is not finite.
        """
        threads = thread_count(threads)
        rows = as_vectors(vectors, "vectors")
        dim, handle = state = self._state or self._begin(rows)
        if rows.shape[1] != dim:
            raise ArgumentError(
                f"vectors has {counted(rows.shape[1], 'column')}, expected {dim}", "vectors"
            )
        codes = empty_codes(self, handle, len(rows), dim)
        for first, block in float_blocks(rows):
            part = codes[first : first + len(block)]
            call(
                lib.vecq_codec_encode,
                *(handle, pointer(block, "float[]"), len(block), first, threads),
                *(pointer(part.rows), constants_pointer(part)),
                pointer(codes.clipped_by_dimension, "uint64_t[]"),
            )
        self._state = self._state or state
        return codes

    def decode(self, codes: Codes, *, threads: int = 0) -> NDArray[np.float32]:
        """Decode codes.

        Args:
            codes: Codes that `encode` made.
            threads: Threads; 0 for all cores. Default: 0.

        Returns:
            The vectors, a row per code.
        """
        return codes.decode(threads=threads)

    def score(
        self,
        codes: Codes,
        queries: ArrayLike,
        metric: Metric | str = "ip",
        *,
        query_bits: Literal[8, 15] = 15,
        threads: int = 0,
    ) -> NDArray[np.float32]:
        """Score every query against every row of codes; higher is better.

        Queries are quantized, too: to `query_bits` for integer codes.

        Args:
            codes: Codes that this codec made.
            queries: One query per row.
            metric: "ip" (dot product), "cosine" (0 for a zero vector) or "l2" (minus the squared
                distance). Default: "ip".
            query_bits: 15, a high and a low byte, or 8, the high byte alone. Default: 15.
            threads: Threads; 0 for all cores. Default: 0.

        Returns:
            Scores of shape (queries, codes).

        Raises:
            ArgumentError: Another codec made the codes, or an argument is none of these.
        """
        if not isinstance(codes, Codes):
            raise ArgumentError(f"codes is {type_of(codes)}, expected vecq.Codes", "codes")
        if codes.codec is not self:
            raise ArgumentError(f"codes was made by another codec, {codes.codec}", "codes")
        threads = thread_count(threads)
        bits = whole(query_bits, "query_bits", 8, 15)
        queries = as_floats(as_vectors(queries, "queries", codes.dim))
        scores = np.empty((len(queries), len(codes)), np.float32)
        call(
            lib.vecq_codec_score,
            *(codes.handle, METRICS[as_metric(metric)], bits),
            *(pointer(queries, "float[]"), len(queries)),
            *(pointer(codes.rows), constants_pointer(codes), len(codes)),
            *(threads, pointer(scores, "float[]")),
        )
        return scores

    def __repr__(self) -> str:
        default = Codec.__init__.__kwdefaults__ or {}
        shown = [repr(self.kind)]
        shown += [f"{k}={v!r}" for k, v in self._settings.items() if v != default.get(k, v)]
        return f"vecq.Codec({', '.join(shown)})"

    def __getstate__(self) -> dict[str, Any]:
        mean, scales = self._parameters()
        return {"settings": self._settings, "dim": self.dim, "mean": mean, "scales": scales}

    def __setstate__(self, state: dict[str, Any]) -> None:
        Codec.__init__(self, **state["settings"])
        if state["dim"] is None:
            return
        handle = self._open(state["dim"])
        if self.needs_fit:
            mean, scales = state["mean"], state["scales"]
            call(
                lib.vecq_codec_restore,
                *(handle, pointer(mean, "float[]"), len(mean)),
                *(pointer(scales, "float[]"), len(scales)),
            )
        self._state = state["dim"], handle

    def _open(self, dim: int) -> Any:
        handle = ffi.new("vecq_codec **")
        call(lib.vecq_codec_open, self._options, dim, handle)
        return ffi.gc(handle[0], lib.vecq_codec_close)

    def _begin(self, rows: NDArray[Any]) -> tuple[int, Any]:
        """Return the state for the first rows that are encoded."""
        if self.needs_fit:
            return self._fit(rows, "vectors")
        return rows.shape[1], self._open(rows.shape[1])

    def _fit(self, rows: NDArray[Any], argument: str) -> tuple[int, Any]:
        handle = self._open(rows.shape[1])
        fit(lambda *sample: call(lib.vecq_codec_fit, handle, *sample), rows, argument)
        return rows.shape[1], handle

    def _parameters(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        if self._state is None:
            return np.empty(0, np.float32), np.empty(0, np.float32)
        mean, scales = ffi.new("float const **"), ffi.new("float const **")
        mean_count, scale_count = ffi.new("size_t *"), ffi.new("size_t *")
        call(lib.vecq_codec_parameters, self._state[1], mean, mean_count, scales, scale_count)
        return _floats(mean[0], mean_count[0]), _floats(scales[0], scale_count[0])


def codec_of_options(options: Any) -> Codec:
    """Return the unfitted codec of native options."""
    kind = named(KINDS, options.width)
    rotate = bool(options.rotate)
    return Codec(
        kind,  # type: ignore[arg-type]
        scale=named(SCALES, options.scale),  # type: ignore[arg-type]
        calibration=named(CALIBRATIONS, options.calibration),  # type: ignore[arg-type]
        percentile=options.percentile,
        center=bool(options.center),
        rotate=None if rotate == (kind in ROTATED) else rotate,
        unbiased=bool(options.unbiased),
        seed=options.seed,
    )


def native_codec(codec: Codec, dim: int, argument: str = "codec") -> Any:
    """Return the native codec of a codec, for vectors of `dim` dimensions."""
    if codec._state is None:
        return codec._open(dim)
    if codec._state[0] != dim:
        raise ArgumentError(f"{argument} is for dim {codec._state[0]}, not {dim}", argument)
    return codec._state[1]


def _percentile(value: object) -> float:
    """Refuse 0, which native code takes for its default; native code checks the range."""
    percentile = real(value, "percentile")
    if percentile == 0:
        raise ArgumentError("percentile is 0, expected more than 0 and at most 100", "percentile")
    return percentile


def _floats(first: Any, count: int) -> NDArray[np.float32]:
    """Copy floats that native code owns."""
    if count == 0:
        return np.empty(0, np.float32)
    return np.array(ffi.unpack(first, count), np.float32)


def fit(native: Callable[[Any, int], None], rows: NDArray[Any], argument: str) -> None:
    """Pass a sample of rows to a native function that fits a codec."""
    if len(rows) == 0:
        raise ArgumentError(f"{argument} is empty, expected at least one row", argument)
    every = -(-len(rows) // SAMPLE)
    sample = as_floats(rows[::every])
    bad = np.argwhere(~np.isfinite(sample))
    if len(bad) > 0:
        raise ArgumentError(
            f"{argument} has a value that is not finite in float32, in row "
            f"{bad[0, 0] * every}, column {bad[0, 1]}",
            argument,
        )
    try:
        native(pointer(sample, "float[]"), len(sample))
    except ArgumentError as error:
        raise ArgumentError(str(error).replace("sample", argument), argument) from None
