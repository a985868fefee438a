"""Nearest neighbors for pipelines of scikit-learn. Needs `pip install 'vecq[sklearn]'`."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq.core.arguments import choose, whole
from vecq.core.errors import UnsupportedError
from vecq.index import Index
from vecq.integrations.distances import by_differences
from vecq.quantization.codec import Codec, Kind
from vecq.quantization.metric import Metric

try:
    from joblib import effective_n_jobs  # type: ignore[import-untyped]
    from scipy.sparse import csr_matrix
    from sklearn.base import (  # type: ignore[import-untyped]
        BaseEstimator,
        ClassNamePrefixFeaturesOutMixin,
        TransformerMixin,
    )
    from sklearn.utils import check_random_state  # type: ignore[import-untyped]
    from sklearn.utils.validation import (  # type: ignore[import-untyped]
        check_is_fitted,
        validate_data,
    )
except ImportError:
    raise UnsupportedError(
        "vecq.integrations.sklearn needs the package scikit-learn, 1.6 or later: "
        "pip install 'vecq[sklearn]'"
    ) from None

MOST = 1024  # threads
METRICS: dict[str, Metric] = {"euclidean": "l2", "sqeuclidean": "l2", "cosine": "cosine"}


class VecqTransformer(
    ClassNamePrefixFeaturesOutMixin,  # type: ignore[misc]
    TransformerMixin,  # type: ignore[misc]
    BaseEstimator,  # type: ignore[misc]
):
    """Transform vectors into the graph of their nearest neighbors among the fitted vectors.

    It replaces `KNeighborsTransformer(mode="distance")`: the result is a CSR matrix of distances
    with n_neighbors + 1 entries per row, one of which is a fitted vector itself.

    Args:
        n_neighbors: Number of neighbors. Default: 5.
        metric: "euclidean", "sqeuclidean" or "cosine" (1 minus the cosine). Default: "euclidean".
        codec: Code type of the graph, as in `vecq.Index`. Default: "int8".
        rerank_codec: Code type that distances are computed on, as in `vecq.Index`. Default: "fp32".
        m: Links per node, as in `vecq.Index`. Default: 16.
        ef_construction: Beam width while linking, as in `vecq.Index`. Default: 200.
        ef: Beam width of searches. Default: n_neighbors + 101.
        random_state: Seed of the graph: an integer, a RandomState to draw it from, or None for
            NumPy's global one. Default: 0.
        n_jobs: Threads; -1 = all cores, -2 = all but one, and so on. Default: 1, or what a
            surrounding `joblib.parallel_config` says.

    >>> from sklearn.cluster import DBSCAN
    >>> from sklearn.pipeline import make_pipeline
    >>> from vecq.integrations.sklearn import VecqTransformer
    >>> near = VecqTransformer(n_neighbors=30)
    >>> rows = numpy.random.default_rng(0).standard_normal((100, 2))
    >>> rows[50:] += 20
    >>> labels = make_pipeline(near, DBSCAN(3, metric="precomputed")).fit_predict(rows)
    >>> labels[[0, 49, 50, 99]]
    array([0, 0, 1, 1])
    """

    def __init__(
        self,
        n_neighbors: int = 5,
        *,
        metric: str = "euclidean",
        codec: Kind | Codec = "int8",
        rerank_codec: Kind | Codec | None = "fp32",
        m: int = 16,
        ef_construction: int = 200,
        ef: int | None = None,
        random_state: int | np.random.RandomState | None = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.metric = metric
        self.codec = codec
        self.rerank_codec = rerank_codec
        self.m = m
        self.ef_construction = ef_construction
        self.ef = ef
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any = None) -> "VecqTransformer":  # noqa: N803
        """Build an index of the rows of X.

        Returns:
            The transformer itself.
        """
        whole(self.n_neighbors, "n_neighbors", 1, 2**31 - 2)
        choose(dict.fromkeys(METRICS, 0), self.metric, "metric")
        rows = validate_data(self, X, dtype=[np.float64, np.float32])
        self.index_ = Index(
            rows.shape[1],
            METRICS[self.metric],
            self._codec(),
            m=self.m,
            ef_construction=self.ef_construction,
            seed=self._seed(),
            rerank_codec=self.rerank_codec,
        )
        self.index_.add(rows, threads=self._threads())
        self.n_samples_fit_ = self._n_features_out = len(rows)
        return self

    def transform(self, X: Any) -> Any:  # noqa: N803
        """Return distances from the rows of X to their nearest fitted rows, as a CSR matrix.

        Raises:
            NotFittedError: `fit` was not called.
            ValueError: There are fewer fitted rows than neighbors.
        """
        check_is_fitted(self)
        rows = validate_data(self, X, dtype=np.float32, reset=False)
        k = self.n_neighbors + 1
        if k > self.n_samples_fit_:
            raise ValueError(
                f"Expected n_neighbors < n_samples_fit, but n_neighbors = {self.n_neighbors}, "
                f"n_samples_fit = {self.n_samples_fit_}, n_samples = {len(rows)}"
            )
        neighbors, distances = self._neighbors(rows, k)
        indptr = np.arange(0, len(rows) * k + 1, k)
        shape = (len(rows), self.n_samples_fit_)
        return csr_matrix((distances.ravel(), neighbors.ravel(), indptr), shape=shape)

    def fit_transform(self, X: Any, y: Any = None) -> Any:  # noqa: N803
        """Fit to X and transform it."""
        return self.fit(X).transform(X)

    def _neighbors(
        self, rows: NDArray[np.float32], k: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return ids and distances; l2 rescores twice as many candidates by differences."""
        options: dict[str, Any] = {"ef": self.ef, "threads": self._threads()}
        if self.metric == "cosine":
            found = self.index_.search(rows, k, **options)
            return found.ids, np.clip(1 - found.scores, 0, 2)
        found = self.index_.search(
            rows, min(2 * k, self.n_samples_fit_), rerank_factor=0, **options
        )
        neighbors, squared = by_differences(self.index_, rows, found)
        distances = squared if self.metric == "sqeuclidean" else np.sqrt(squared)
        return neighbors[:, :k], distances[:, :k]

    def _seed(self) -> int:
        if isinstance(self.random_state, int | np.integer):
            return whole(self.random_state, "random_state", 0, 2**32 - 1)
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def _codec(self) -> Codec:
        """Center under l2, floats too, so that distances are exact far from the origin."""
        codec = Codec.of(self.codec)
        if codec is self.codec:
            return codec
        return Codec(codec.kind, center=METRICS[self.metric] == "l2")  # type: ignore[arg-type]

    def _threads(self) -> int:
        asked = None if self.n_jobs is None else whole(self.n_jobs, "n_jobs", -MOST, MOST)
        jobs: int = effective_n_jobs(asked)
        return min(jobs, MOST)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
