"""Quantized vector recall on CPUs.

>>> import vecq
>>> print(vecq.cpu())
scalar       available
...
"""

from vecq._native import ffi, lib
from vecq.assess import Assessment, CodecCost, assess
from vecq.calibration import Calibration
from vecq.codec import Codec
from vecq.codes import Codes
from vecq.cpu import Cpu, Isa, cpu, refuse_at_import
from vecq.dot import dot
from vecq.errors import (
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
from vecq.exact import exact
from vecq.files import Check, FileInfo, Problem, Section, info
from vecq.filters import Filter
from vecq.index import Index
from vecq.interop import from_faiss, from_hnswlib
from vecq.plan import Explanation
from vecq.ranges import Ranges
from vecq.rates import Rates, rates
from vecq.result import IndexStats, Result
from vecq.tuning import HitRate, Limits, Ndcg, Recall, Relative, Tuned, tune

open = Index.open

__version__: str = ffi.string(lib.vecq_version()).decode()

__all__ = [
    "ArgumentError",
    "Assessment",
    "Calibration",
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
    "Problem",
    "QuantizationWarning",
    "Ranges",
    "Rates",
    "ReadOnlyError",
    "Recall",
    "Relative",
    "Result",
    "Section",
    "Tuned",
    "TuningWarning",
    "UnsupportedError",
    "VecqError",
    "assess",
    "cpu",
    "dot",
    "exact",
    "from_faiss",
    "from_hnswlib",
    "info",
    "open",
    "rates",
    "tune",
]

refuse_at_import()
