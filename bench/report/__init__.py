"""Reports of a benchmark run: verdict, page, plots, and comparison with an earlier run.

>>> records = vecq.bench.records.read("run.jsonl")
>>> print(vecq.bench.report.verdict(records))
recsys-demo: INT8 keeps 99.4 % of FP32's recall at 3.1x the QPS and 0.31x the memory.
...
>>> vecq.bench.report.write(records, "report.html")
PosixPath('report.html')
"""

from vecq.bench.report.changes import Change, Comparison, compare
from vecq.bench.report.files import plots
from vecq.bench.report.judgment import verdict
from vecq.bench.report.page import write

__all__ = ["Change", "Comparison", "compare", "plots", "verdict", "write"]
