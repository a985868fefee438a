"""What searches read, counted: what fits the cache, or runs beside others, is timed otherwise."""

import math

from vecq.quantization.codec import Codec
from vecq.search.result import Result
from vecq.tuning.problem import Problem
from vecq.tuning.screening import bytes_of
from vecq.tuning.space import Build, Search

# Bytes of a cache line. Scans read so many lines in the time of one that no one foresees.
LINE, SEQUENTIAL = 64, 8


def lines(found: Result, build: Build, search: Search, problem: Problem) -> float:
    """Cache lines that a search read for a query."""
    sample, queries = problem.sample(64), max(len(found.ids), 1)
    codes = math.ceil(bytes_of(build.codec, sample) / LINE)
    if search.ef is None:
        walked = len(problem.rows) * codes / SEQUENTIAL
    else:
        links = math.ceil(8 * build.graph.m / LINE)
        walked = (found.n_scored * codes + found.hops * links) / queries
    if not search.rerank or build.wide is None:
        return walked
    anew = math.ceil(bytes_of(Codec.of(build.wide), sample) / LINE)
    return walked + search.rerank * problem.k * anew
