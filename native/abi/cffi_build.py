"""Writes the C source of vecq._native from the marked spans of vecq.h and vecq_internal.h.

To Python, structs, arrays and calls cost more than a short search. So the module adds two
functions: one for searches with few options, whose results lie in one block of memory, and one for
the strings of their ids.
"""

import re
import sys
from pathlib import Path

from cffi import FFI

INCLUDE = Path(__file__).resolve().parent.parent / "include"
# In the order of inclusion. Python's own benchmarks need the internal one.
HEADERS = (INCLUDE / "vecq.h", INCLUDE / "vecq_internal.h")

# The block holds ids, counts, hops, scored rows, the version of string ids before the search, and
# scores: 8 (count k + count + 3) + 4 count k bytes. The version is 0 unless `is_named`. Of the
# excluded ids, query i has those from offsets[i] to offsets[i + 1]; without offsets a lone query
# has all. The caller repeats a search that fails with vecq_index_search, which says why.
PLAIN_SEARCH = """
int32_t vecq_plain_search(const vecq_index* index, const float* queries, size_t count, size_t k,
                          size_t ef, int32_t plan, size_t rerank, const int64_t* offsets,
                          const int64_t* excluded, size_t excluded_count, int32_t is_named,
                          void* block)"""
PLAIN_SEARCH_BODY = """ {
    int64_t *ids = block, *counts = ids + count * k;
    const int64_t all[2] = {0, (int64_t)excluded_count};
    vecq_search_options options = {sizeof options};
    vecq_search_report report = {sizeof report};
    vecq_error error;
    uint64_t version = 0;
    int32_t status = VECQ_OK;
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
    if (is_named)
        status = vecq_index_find_ids(index, NULL, 0, NULL, 0, NULL, &version, &error);
    if (status == VECQ_OK)
        status = vecq_index_search(index, &options, queries, count, ids,
                                   (float*)(counts + count + 3), counts, &report, &error);
    counts[count] = (int64_t)report.hops;
    counts[count + 1] = (int64_t)report.scored_rows;
    counts[count + 2] = (int64_t)version;
    return status;
}
"""

# Writes strings, each followed by a 0 byte, under a version of the numbering; 0: the present one.
# found[0] is their length, of which nothing is written beyond `capacity`, or -1 if the version is
# another one. found[1] is whether one of the strings is empty.
PLAIN_NAMES = """
int32_t vecq_plain_names(const vecq_index* index, const int64_t* ids, size_t count,
                         uint64_t version, char* bytes, size_t capacity, int64_t* found,
                         vecq_error* error)"""
PLAIN_NAMES_BODY = """ {
    size_t length = 0;
    int32_t is_current = 0, status = VECQ_OK;
    if (version == 0)
        status = vecq_index_find_ids(index, NULL, 0, NULL, 0, NULL, &version, error);
    if (status == VECQ_OK)
        status = vecq_index_names(index, ids, count, version, bytes, capacity, NULL, &length,
                                  &is_current, error);
    found[0] = is_current ? (int64_t)length : -1;
    found[1] = count > 0 && length > 0 && capacity > 0 && bytes[0] == 0;
    if (length <= capacity)
        for (size_t i = 1; i < length; ++i) found[1] |= (bytes[i] | bytes[i - 1]) == 0;
    return status;
}
"""
FUNCTIONS = ((PLAIN_SEARCH, PLAIN_SEARCH_BODY), (PLAIN_NAMES, PLAIN_NAMES_BODY))


def binding() -> FFI:
    ffi = FFI()
    for header in HEADERS:
        span = re.search(r"\[cdef\].*\n((?:.*\n)*?).*\[/cdef\]", header.read_text())
        if not span:
            raise SystemExit(f"{header}: no span between the marks [cdef] and [/cdef]")
        ffi.cdef(span[1])
    for head, _ in FUNCTIONS:
        ffi.cdef(head + ";")
    own = "".join(f"static {head}{body}" for head, body in FUNCTIONS)
    ffi.set_source("vecq._native", f'#include "vecq_internal.h"\n{own}')
    return ffi


if __name__ == "__main__":
    binding().emit_c_code(sys.argv[1])
