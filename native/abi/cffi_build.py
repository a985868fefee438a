"""Writes the C source of vecq._native from the marked spans of vecq.h and vecq_internal.h.

To Python, structs and arrays cost more than a short search. So the module adds one function, for
searches with few options, whose results lie in one block of memory.
"""

import re
import sys
from pathlib import Path

from cffi import FFI

INCLUDE = Path(__file__).resolve().parent.parent / "include"
# In the order of inclusion. Python's own benchmarks need the internal one.
HEADERS = (INCLUDE / "vecq.h", INCLUDE / "vecq_internal.h")

# The block holds ids, counts, hops, scored rows and scores: 8 (count k + count + 2) + 4 count k
# bytes. Of the excluded ids, query i has those from offsets[i] to offsets[i + 1]; without offsets a
# lone query has all. The caller repeats a search that fails with vecq_index_search, which says why.
PLAIN_SEARCH = """
int32_t vecq_plain_search(const vecq_index* index, const float* queries, size_t count, size_t k,
                          size_t ef, int32_t plan, size_t rerank, const int64_t* offsets,
                          const int64_t* excluded, size_t excluded_count, void* block)"""
PLAIN_SEARCH_BODY = """ {
    int64_t *ids = block, *counts = ids + count * k;
    const int64_t all[2] = {0, (int64_t)excluded_count};
    vecq_search_options options = {sizeof options};
    vecq_search_report report = {sizeof report};
    vecq_error error;
    options.k = k;
    options.ef = ef;
    options.rerank = rerank;
    options.query_bits = 15;
    options.plan = plan;
    options.threads = 1;
    if (excluded != NULL) {
        options.exclude_offsets = offsets == NULL ? all : offsets;
        options.exclude_ids = excluded;
        if (options.exclude_offsets[0] != 0 || options.exclude_offsets[count] != all[1])
            return VECQ_INVALID_ARGUMENT;
    }
    int32_t status = vecq_index_search(index, &options, queries, count, ids,
                                       (float*)(counts + count + 2), counts, &report, &error);
    counts[count] = (int64_t)report.hops;
    counts[count + 1] = (int64_t)report.scored_rows;
    return status;
}
"""


def binding() -> FFI:
    ffi = FFI()
    for header in HEADERS:
        span = re.search(r"\[cdef\].*\n((?:.*\n)*?).*\[/cdef\]", header.read_text())
        if not span:
            raise SystemExit(f"{header}: no span between the marks [cdef] and [/cdef]")
        ffi.cdef(span[1])
    ffi.cdef(PLAIN_SEARCH + ";")
    ffi.set_source(
        "vecq._native", f'#include "vecq_internal.h"\nstatic {PLAIN_SEARCH}{PLAIN_SEARCH_BODY}'
    )
    return ffi


if __name__ == "__main__":
    binding().emit_c_code(sys.argv[1])
