/* vecq: entries for this project's own tests and benchmarks. Never installed, and may change in
 * any release. Applications include vecq.h alone. The conventions are those of vecq.h.
 */
#ifndef VECQ_INTERNAL_H
#define VECQ_INTERNAL_H

#include "vecq.h"

#ifdef __cplusplus
extern "C" {
#endif

/* [cdef] The Python binding is built from the lines between the two marks. */

/* ---- Dot products of codes, by the kernels that searches run. Queries are plain elements at any
 * alignment: float for VECQ_FP32 and VECQ_FP16, int16_t for VECQ_INT16, int8_t for VECQ_INT8.
 * Rows are padded and aligned to 64 bytes, see "Rows" in vecq.h. ---- */

/* Bytes of one padded row. `dim` is 1 to 65535. */
vecq_status vecq_row_bytes(int32_t width, size_t dim, size_t* bytes, vecq_error* error);

/* Copies `count` x `dim` plain elements (VECQ_FP16: halves) to `count` padded rows. */
vecq_status vecq_pack_rows(int32_t width, size_t dim, const void* elements, size_t count,
                           void* rows, vecq_error* error);

/* dots[i] = query . rows[ids[i]]: float for VECQ_FP32 and VECQ_FP16, otherwise int32_t, exact
 * modulo 2^32. Refuses ids of row_count or more. */
vecq_status vecq_dot_rows(int32_t width, size_t dim, const void* query, const void* rows,
                          size_t row_count, const uint32_t* ids, size_t count, void* dots,
                          vecq_error* error);

/* dots[q * row_count + r] = queries[q] . rows[r]; `queries` is `query_count` x `dim`. */
vecq_status vecq_dot_block(int32_t width, size_t dim, const void* queries, size_t query_count,
                           const void* rows, size_t row_count, void* dots, vecq_error* error);

/* ---- Upper bounds that the machine sets, measured on one thread. ---- */

typedef struct {
    size_t struct_size;
    double random_rows_per_second;   /* read at random from all rows, prefetched */
    double cached_rows_per_second;   /* read from 16 rows that stay in the first-level cache */
    double scored_rows_per_second;   /* scored from these */
    double latency_seconds;          /* of one cache line that was not prefetched */
    double multiply_adds_per_second; /* of the block kernel, on registers alone */
} vecq_machine_limits;

/* For `count` rows (1 to 2^32 - 2) of a vecq_width. Allocates them; takes about a second. */
vecq_status vecq_measure_machine_limits(int32_t width, size_t dim, size_t count,
                                        vecq_machine_limits* limits, vecq_error* error);

/* [/cdef] */

#ifdef __cplusplus
}
#endif

#endif
