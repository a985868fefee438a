"""Load for `vecq serve`: open-loop arrivals, latencies, a table and a plot."""

from vecq.bench.serving.load import Load, Step, measure
from vecq.bench.serving.report import latency_plot, table

__all__ = ["Load", "Step", "latency_plot", "measure", "table"]
