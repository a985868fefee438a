"""Quantized vector recall on CPUs.

>>> import vecq
>>> print(vecq.cpu())
scalar       available
...
"""

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
    TuningWarning,
    UnsupportedError,
    VecqError,
)
from vecq.core.isa import Cpu, Isa, cpu, refuse_at_import
from vecq.index import Index
from vecq.integrations.exchange import from_faiss, from_hnswlib
from vecq.quantization.assessment import Assessment, CodecCost, assess
from vecq.quantization.codec import Codec
from vecq.quantization.codes import Codes
from vecq.quantization.scan import brute_force
from vecq.search.filters import Filter
from vecq.search.plan import Explanation
from vecq.search.ranges import Ranges
from vecq.search.recall_curve import RecallCurve
from vecq.search.result import Result
from vecq.storage.files import Check, FileInfo, info
from vecq.storage.stats import IndexStats
from vecq.tuning import HitRate, Limits, Ndcg, Recall, Relative, Tuned, tune

open = Index.open

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
    "FileChangedError",
    "FileError",
    "FileInfo",
    "Filter",
    "HitRate",
    "Index",
    "IndexStats",
    "InternalError",
    "Isa",
    "Limits",
    "Ndcg",
    "OutOfMemoryError",
    "QuantizationWarning",
    "Ranges",
    "ReadOnlyError",
    "Recall",
    "RecallCurve",
    "Relative",
    "Result",
    "Tuned",
    "TuningWarning",
    "UnsupportedError",
    "VecqError",
    "assess",
    "brute_force",
    "cpu",
    "from_faiss",
    "from_hnswlib",
    "info",
    "tune",
]

for _error in VecqError, *VecqError.__subclasses__(), CorruptFileError, FileChangedError:
    _error.__module__ = __name__  # tracebacks name errors as users import them

refuse_at_import()
