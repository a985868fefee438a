/* vecq: the whole C ABI.
 *
 * Conventions
 *   - Every call that can fail returns a vecq_status. VECQ_OK is 0.
 *   - `error` may be NULL. Otherwise, when the status is not VECQ_OK, it names the argument at fault
 *     (empty if none) and says what was expected. The caller owns it; nothing in it needs freeing.
 *   - Pointers are borrowed for the length of the call. Outputs belong to the caller.
 *   - Calls may come from any thread. No call writes to its inputs.
 */
#ifndef VECQ_H
#define VECQ_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* [cdef] What stands between the two marks is also the source of the Python binding. */

typedef enum {
    VECQ_OK = 0,
    VECQ_INVALID_ARGUMENT,
    VECQ_UNSUPPORTED,
    VECQ_OUT_OF_MEMORY,
    VECQ_INTERNAL
} vecq_status;

typedef struct {
    char argument[32];
    char message[480];
} vecq_error;

/* "1.2.3"; static. */
const char* vecq_version(void);

/* ---- Instruction sets. Chosen once, at first use: the best that the machine has, or the one that
 * the environment variable VECQ_ISA names; naming one that is missing makes every call fail. ---- */

typedef struct {
    const char* name;    /* "avx512_vnni"; static */
    const char* missing; /* why it can't run here; NULL if it can; static */
} vecq_isa;

size_t vecq_isa_count(void);

/* Number 0 is the most portable, the last one the most capable. */
vecq_status vecq_isa_get(size_t number, vecq_isa* isa, vecq_error* error);

/* The one in use; a static string. */
vecq_status vecq_isa_active(const char** name, vecq_error* error);

/* ---- Dot products of codes. A row is its codes padded to a multiple of 64 bytes, aligned to 64.
 * Elements, by width: fp32 float; fp16 IEEE half (its queries are float); int16 int16_t;
 * int8 int8_t in queries, and in rows uint8_t holding code + 128. Padding holds the code 0. ---- */

/* Passed as int32_t, so that any value may arrive and be refused. */
typedef enum { VECQ_FP32 = 0, VECQ_FP16, VECQ_INT16, VECQ_INT8 } vecq_width;

/* Bytes of one padded row; dim is 1 to 65535. */
vecq_status vecq_row_bytes(int32_t width, size_t dim, size_t* bytes, vecq_error* error);

/* `count` x `dim` plain elements (int8 as int8_t) into `count` padded rows at `rows`. */
vecq_status vecq_pack_rows(int32_t width, size_t dim, const void* elements, size_t count,
                           void* rows, vecq_error* error);

/* dots[i] = query . rows[ids[i]], as float for fp32 and fp16 and as int32_t for int16 and int8.
 * Integer dots are exact modulo 2^32. `query` has `dim` elements, at any alignment. */
vecq_status vecq_dot_rows(int32_t width, size_t dim, const void* query, const void* rows,
                          size_t row_count, const uint32_t* ids, size_t count, void* dots,
                          vecq_error* error);

/* dots[q * row_count + r] = queries[q] . rows[r]; `queries` is `query_count` x `dim`, contiguous. */
vecq_status vecq_dot_block(int32_t width, size_t dim, const void* queries, size_t query_count,
                           const void* rows, size_t row_count, void* dots, vecq_error* error);

/* [/cdef] */

#ifdef __cplusplus
}
#endif

#endif
