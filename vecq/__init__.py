"""Approximate nearest-neighbor search on CPUs, on quantized vectors.

>>> import vecq
>>> items = numpy.random.default_rng(0).standard_normal((1000, 64), dtype="float32")
>>> index = vecq.Index(64, metric="cosine").add(items)
>>> ids, scores = index.search(items[:2], k=10)
>>> ids.shape
(2, 10)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vecq._native import ffi, lib
from vecq.core.errors import (
    ArgumentError,
    CorruptFileError,
    DatasetError,
    FileChangedError,
    FileError,
    InternalError,
    OutOfMemoryError,
    QuantizationWarning,
    ReadOnlyError,
    ReloadWarning,
    TuningWarning,
    UnsupportedError,
    VecqError,
)
from vecq.core.isa import Cpu, Isa, cpu, refuse_at_import
from vecq.index import Index
from vecq.quantization.codec import Codec
from vecq.quantization.codes import Codes
from vecq.quantization.scan import brute_force
from vecq.search.expressions import Expression, col
from vecq.search.filters import Filter
from vecq.search.groups import Groups
from vecq.search.plan import Explanation
from vecq.search.ranges import Ranges
from vecq.search.recall_curve import RecallCurve
from vecq.search.result import Result
from vecq.search.searcher import Searcher
from vecq.storage.files import info
from vecq.storage.records import Check, FileInfo, Saved
from vecq.storage.stats import IndexStats

if TYPE_CHECKING:
    from vecq.batch.job import Recommended
    from vecq.batch.recommend import recommend
    from vecq.integrations.exchange.faiss import from_faiss
    from vecq.integrations.exchange.hnswlib import from_hnswlib
    from vecq.quantization.assessment import Assessment, CodecCost, assess
    from vecq.serving.live import Live
    from vecq.streams.build import build
    from vecq.tuning import HitRate, Limits, Ndcg, Recall, Relative, Tuned, tune

# Modules that searches do not need are imported when one of their names is used first.
_LAZY = {
    "vecq.batch.job": ("Recommended",),
    "vecq.batch.recommend": ("recommend",),
    "vecq.quantization.assessment": ("Assessment", "CodecCost", "assess"),
    "vecq.integrations.exchange.faiss": ("from_faiss",),
    "vecq.integrations.exchange.hnswlib": ("from_hnswlib",),
    "vecq.serving.live": ("Live",),
    "vecq.streams.build": ("build",),
    "vecq.tuning": ("HitRate", "Limits", "Ndcg", "Recall", "Relative", "Tuned", "tune"),
}
_MODULES = {name: module for module, names in _LAZY.items() for name in names}

__version__: str = ffi.string(lib.vecq_version()).decode()

__all__ = [
    "ArgumentError",
    "Assessment",
    "Check",
    "Codec",
    "CodecCost",
    "Codes",
    "CorruptFileError",
    "Cpu",
    "DatasetError",
    "Explanation",
    "Expression",
    "FileChangedError",
    "FileError",
    "FileInfo",
    "Filter",
    "Groups",
    "HitRate",
    "Index",
    "IndexStats",
    "InternalError",
    "Isa",
    "Limits",
    "Live",
    "Ndcg",
    "OutOfMemoryError",
    "QuantizationWarning",
    "Ranges",
    "ReadOnlyError",
    "Recall",
    "RecallCurve",
    "Recommended",
    "Relative",
    "ReloadWarning",
    "Result",
    "Saved",
    "Searcher",
    "Tuned",
    "TuningWarning",
    "UnsupportedError",
    "VecqError",
    "assess",
    "brute_force",
    "build",
    "col",
    "cpu",
    "from_faiss",
    "from_hnswlib",
    "info",
    "recommend",
    "tune",
]

open = Index.open  # not in __all__: `from vecq import *` must not hide Python's own


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(_MODULES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})


for _name, _value in list(globals().items()):
    if isinstance(_value, type) and issubclass(_value, Exception):
        _value.__module__ = __name__  # tracebacks name errors as users import them

refuse_at_import()
