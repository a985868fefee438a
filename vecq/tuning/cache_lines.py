"""Counts the cache lines that searches read: a cost that repeats exactly, unlike time."""

import math

from vecq.quantization.codec import Codec
from vecq.search.result import Result
from vecq.tuning.problem import Problem
from vecq.tuning.screening import bytes_of
from vecq.tuning.space import Build, Search

LINE_BYTES = 64
SEQUENTIAL = 8  # lines that a scan reads in the time of one line at an unpredictable address


def cache_lines(found: Result, build: Build, search: Search, problem: Problem) -> float:
    """Return the cache lines that a search read per query, in units of random lines."""
    sample, queries = problem.sample(64), max(len(found.ids), 1)
    code_lines = math.ceil(bytes_of(build.codec, sample) / LINE_BYTES)
    if search.ef is None:
        first_pass = len(problem.rows) * code_lines / SEQUENTIAL
    else:
        link_lines = math.ceil(8 * build.graph.m / LINE_BYTES)
        first_pass = (found.n_scored * code_lines + found.hops * link_lines) / queries
    if not search.rerank or build.rerank_codec is None:
        return first_pass
    rerank_lines = math.ceil(bytes_of(Codec.of(build.rerank_codec), sample) / LINE_BYTES)
    return first_pass + search.rerank * problem.k * rerank_lines
