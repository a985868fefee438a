"""Stores in the order of their squared error, the coarsest first, until one is accurate."""

from vecq.tuning.strategies.ways import ways_of
from vecq.tuning.workbench import Workbench


def mse(bench: Workbench) -> None:
    """On the usual graph, tries ever more exact codes, and ends with the first that suffice."""
    screening = bench.screening
    codecs = sorted(bench.space.candidates(bench.problem.metric), key=screening.error, reverse=True)
    for codec in codecs:
        ways = ways_of(bench, screening.store(codec))
        bench.telling.plan(ways.trials(bench, scan=True))
        ways.attempt(bench, bench.space.usual, scan=True)
        if bench.met:
            return
