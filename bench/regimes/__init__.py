"""Regimes of query arrival: one per call, all in one call, many clients, many processes."""

from vecq.bench.regimes.batch import Batch
from vecq.bench.regimes.concurrent import Concurrent
from vecq.bench.regimes.processes import Processes
from vecq.bench.regimes.regime import Regime, Timing
from vecq.bench.regimes.single import Single

__all__ = ["Batch", "Concurrent", "Processes", "Regime", "Single", "Timing"]
