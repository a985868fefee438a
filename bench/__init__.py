"""Benchmarks: recall against queries per second, of vecq and other libraries.

>>> import vecq.bench
>>> records = vecq.bench.run(vecq.bench.Plan("recsys-demo", k=[100], quick=True))
"""

from vecq.bench.adapters import Adapter
from vecq.bench.harness import run
from vecq.bench.plan import Plan
from vecq.bench.progress import Progress
from vecq.bench.records import Record, Run, read, write

__all__ = ["Adapter", "Plan", "Progress", "Record", "Run", "read", "run", "write"]
