"""Quantized vector recall on CPUs.

>>> import vecq
>>> print(vecq.cpu())
scalar       available
...
"""

from vecq._native import ffi, lib
from vecq.assess import Assessment, CodecCost, assess
from vecq.codec import Codec
from vecq.codes import Codes
from vecq.cpu import Cpu, Isa, cpu
from vecq.dot import dot
from vecq.errors import (
    ArgumentError,
    DatasetError,
    InternalError,
    OutOfMemoryError,
    QuantizationWarning,
    UnsupportedError,
    VecqError,
)
from vecq.index import Index
from vecq.rates import Rates, rates
from vecq.result import IndexStats, Result

__version__: str = ffi.string(lib.vecq_version()).decode()

__all__ = [
    "ArgumentError",
    "Assessment",
    "Codec",
    "CodecCost",
    "Codes",
    "Cpu",
    "DatasetError",
    "Index",
    "IndexStats",
    "InternalError",
    "Isa",
    "OutOfMemoryError",
    "QuantizationWarning",
    "Rates",
    "Result",
    "UnsupportedError",
    "VecqError",
    "assess",
    "cpu",
    "dot",
    "rates",
]

cpu()  # A VECQ_ISA that this machine lacks is refused here, not in the middle of the first search.
