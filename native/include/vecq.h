/* vecq: the C ABI.
 *
 * Errors
 *   Every function that can fail returns a vecq_status; VECQ_OK is 0. `error` may be NULL;
 *   otherwise a failed call writes the argument at fault (empty if none) and what was expected.
 *   The caller owns the vecq_error, and nothing in it needs freeing. After VECQ_OK it is unchanged.
 *   Every call may return VECQ_INVALID_ARGUMENT, VECQ_OUT_OF_MEMORY and VECQ_INTERNAL; the comment
 *   of a function names what else it returns. Null pointers are refused where memory is needed. The
 *   caller is trusted in three things only: that pointers lead to as much memory as the arguments
 *   say, that handles are open, and that struct_size is the size of the struct.
 *
 * Ownership
 *   The caller owns handles and closes them; closing NULL does nothing. A handle is written only if
 *   the call succeeds. Pointers are borrowed for the length of the call, unless a comment says
 *   otherwise. No call writes to its inputs. Strings are UTF-8 and end in 0.
 *
 * Threads
 *   Calls may come from any thread. A handle must not be closed while another call uses it. Each
 *   section says which calls on one handle may run at the same time.
 *   `threads` is the maximum number of threads of one call: 0 for all cores. They belong to a pool
 *   that all calls of the process share. They begin with the first call that needs them, block all
 *   signals, and sleep between calls; vecq_shutdown ends them.
 *
 * Fork
 *   A child of fork may use the handles it inherited: it starts threads of its own when a call
 *   needs them. Fork while no other thread is inside a call on a handle that the child goes on to
 *   use: the child inherits the locks that such a call holds. After fork, changes of an index are
 *   seen by one process alone; the pages of a mapped file stay shared.
 *
 * Structs with a struct_size
 *   They may grow in later releases. Set all bytes to 0 and struct_size to sizeof the struct before
 *   anything else, for outputs, too. Fields that an older caller's struct lacks are taken as 0, and
 *   outputs are filled up to the caller's struct_size. Bytes beyond the struct that this release
 *   knows must be 0. A struct_size of 0, or that no version of the struct can have, is refused.
 *   0 asks for the default that a field's comment states.
 */
#ifndef VECQ_H
#define VECQ_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

/* [cdef] The Python binding is built from the lines between the two marks. */

typedef enum {
    VECQ_OK = 0,
    VECQ_INVALID_ARGUMENT,
    VECQ_UNSUPPORTED, /* this machine lacks the instruction set that VECQ_ISA names */
    VECQ_OUT_OF_MEMORY,
    VECQ_INTERNAL,     /* a defect of vecq */
    VECQ_FILE_ERROR,   /* the operating system refused a call; see vecq_error.system */
    VECQ_CORRUPT_FILE, /* a file is damaged, or is not a file of vecq */
    VECQ_READ_ONLY,    /* a change of an index that was opened read-only */
    VECQ_CHANGED_FILE, /* a file has changed since the index was opened from it or saved to it */
    VECQ_CANCELLED     /* the caller cancelled a search */
} vecq_status;

/* Fixed for all releases. */
typedef struct {
    char argument[32];
    int32_t system; /* the errno of the failed system call; otherwise 0 */
    char message[476];
} vecq_error;

/* The release, as "1.2.3". Static. */
const char* vecq_version(void);

/* Bytes of memory that this process may use: the machine's, or the tightest cgroup limit. */
vecq_status vecq_memory_limit(uint64_t* bytes, vecq_error* error);

/* Ends the library's threads and waits for them; it returns at once if there are none. Calls that
 * are running finish first, and a later call starts new threads. Call it before dlclose unmaps the
 * library, when no other call is running and none will begin: idle threads would go on in unmapped
 * code. An application that keeps the library loaded never needs it; at exit threads need not have
 * ended. The library registers one handler with pthread_atfork, which dlclose removes (glibc; musl
 * never unmaps a library). */
void vecq_shutdown(void);

/* ---- Instruction sets. The process uses one, chosen at first use: the most capable one that the
 * machine has, or the one that the environment variable VECQ_ISA names. If that one is missing,
 * every call that computes returns VECQ_UNSUPPORTED. All calls here are thread-safe. ---- */

typedef struct {
    size_t struct_size;
    const char* name;               /* such as "avx512_vnni"; static */
    const char* unavailable_reason; /* NULL if this machine can run it; static */
} vecq_isa;

/* Number of instruction sets in this build. */
size_t vecq_isa_count(void);

/* Describes instruction set `number`, from 0, the most portable, to count - 1, the most capable. */
vecq_status vecq_isa_get(size_t number, vecq_isa* isa, vecq_error* error);

/* The name of the one in use; static. Returns VECQ_UNSUPPORTED, too. */
vecq_status vecq_isa_active(const char** name, vecq_error* error);

/* ---- Rows. A row is the codes of one vector, padded to a multiple of 64 bytes and aligned to 64.
 * Elements: VECQ_FP32 float; VECQ_FP16 IEEE half; VECQ_INT16 int16_t; VECQ_INT8 uint8_t that holds
 * code + 128; VECQ_INT12 three planes of nibbles of code + 0x888, the upper ones first: byte i of
 * line l of a plane holds those of codes 128 l + i (low) and 128 l + i + 64. VECQ_INT4 is one such
 * plane, of code + 8. Padding holds the code 0. ---- */

/* Enumerations are passed as int32_t, so that values out of range are refused. */
typedef enum {
    VECQ_FP32 = 0,
    VECQ_FP16,
    VECQ_INT16,
    VECQ_INT8,
    VECQ_INT12,
    VECQ_INT4 = 6 /* 5 is reserved */
} vecq_width;

/* ---- Codecs encode float vectors into rows, decode them, and score float queries against them.
 * vecq_codec_fit and vecq_codec_restore need the codec for themselves; all other calls on one codec
 * may run at the same time. Vectors have `dim` floats each, contiguous, and must be finite. ---- */

typedef struct vecq_codec vecq_codec;

typedef enum { VECQ_SCALE_VECTOR = 0, VECQ_SCALE_DIMENSION, VECQ_SCALE_GLOBAL } vecq_scale;
typedef enum { VECQ_MINMAX = 0, VECQ_PERCENTILE, VECQ_MSE, VECQ_ENTROPY } vecq_calibration;
typedef enum { VECQ_IP = 0, VECQ_COSINE, VECQ_L2 } vecq_metric;

typedef struct {
    size_t struct_size;
    int32_t width; /* a vecq_width */
    int32_t scale; /* a vecq_scale: one per row, per dimension, or for all rows; fp: per row */
    int32_t calibration; /* a vecq_calibration: how vecq_codec_fit chooses shared scales */
    int32_t center;      /* 1: subtract the mean of the sample before quantization; default: 0 */
    int32_t rotate;      /* 1: apply a random rotation, drawn from `seed`; default: 0 */
    int32_t unbiased;  /* 1: choose a row's scale so that row . vector is |vector|^2; default: 0 */
    double percentile; /* of magnitudes, for VECQ_PERCENTILE: above 0, up to 100; default: 99.9 */
    uint64_t seed;     /* default: 0 */
} vecq_codec_options;

/* Constants besides the codes that decoding and scoring need, one per row. */
typedef struct {
    float scale;         /* of the codes, relative to the shared scales */
    float centered_norm; /* of the decoded vector without the mean */
    float norm;          /* of the decoded vector */
} vecq_row_constants;

/* Creates a codec for vectors of `dim` dimensions, 1 to 65535. Also returns VECQ_UNSUPPORTED. */
vecq_status vecq_codec_open(const vecq_codec_options* options, size_t dim, vecq_codec** codec,
                            vecq_error* error);
void vecq_codec_close(vecq_codec* codec);

/* Bytes of one padded row. */
vecq_status vecq_codec_row_bytes(const vecq_codec* codec, size_t* bytes, vecq_error* error);

/* Computes the mean and the shared scales from `count` vectors, at least one. A codec with `center`
 * or a scale other than VECQ_SCALE_VECTOR must be fitted before it encodes. Another call replaces
 * them. */
vecq_status vecq_codec_fit(vecq_codec* codec, const float* sample, size_t count, vecq_error* error);

/* The fitted mean (dim floats, or none) and scales (dim, one or none). The pointers are borrowed
 * from the codec until it is fitted, restored or closed. */
vecq_status vecq_codec_parameters(const vecq_codec* codec, const float** mean, size_t* mean_count,
                                  const float** scales, size_t* scale_count, vecq_error* error);
/* Sets parameters that vecq_codec_parameters returned for a codec of the same options and dim. */
vecq_status vecq_codec_restore(vecq_codec* codec, const float* mean, size_t mean_count,
                               const float* scales, size_t scale_count, vecq_error* error);

/* Encodes `count` vectors into `rows` and `constants`. Errors number vectors from `first_row`. Adds
 * the number of values that exceeded the range of a shared scale to `clipped`, which has a counter
 * per dimension. */
vecq_status vecq_codec_encode(const vecq_codec* codec, const float* vectors, size_t count,
                              size_t first_row, size_t threads, void* rows,
                              vecq_row_constants* constants, uint64_t* clipped, vecq_error* error);

/* Decodes `count` rows into `vectors`. */
vecq_status vecq_codec_decode(const vecq_codec* codec, const void* rows,
                              const vecq_row_constants* constants, size_t count, size_t threads,
                              float* vectors, vecq_error* error);

/* scores[q * row_count + r] of every query and row, where higher is better: VECQ_L2 gives minus the
 * squared distance. `query_bits`, for integer rows: 15 encodes queries in a high and a low byte, 8
 * in one byte. */
vecq_status vecq_codec_score(const vecq_codec* codec, int32_t metric, int32_t query_bits,
                             const float* queries, size_t query_count, const void* rows,
                             const vecq_row_constants* constants, size_t row_count, size_t threads,
                             float* scores, vecq_error* error);

/* ---- Indexes: items with an id each, stored as rows of codes with a graph over them.
 *
 * An addition has three steps: vecq_index_stage encodes vectors, which no search sees yet;
 * vecq_index_link, called repeatedly, inserts them into the graph; vecq_index_settle ends it. There
 * is one addition at a time.
 *
 * Functions that take a const vecq_index* may run at any time, from any number of threads, unless
 * their comment says otherwise; they see the items that are linked. Functions that change the index
 * wait for each other. They are refused while a refit or a compaction is in progress, and return
 * VECQ_READ_ONLY on an index that was opened read-only, and VECQ_CORRUPT_FILE if the file that an
 * index was opened from is damaged where the change relies on it. ---- */

typedef struct vecq_index vecq_index;

/* How the rows of an addition are linked. */
typedef enum {
    VECQ_BUILD_AUTO = 0,   /* BULK for the first 50,000 rows and more, without users and with an
                            * ef_construction of at most 200; otherwise INCREMENTAL */
    VECQ_BUILD_BULK,       /* by comparing all pairs of rows within overlapping groups; ignores
                            * ef_construction. An addition that ends early leaves no row of it */
    VECQ_BUILD_INCREMENTAL /* each row by a walk over the graph */
} vecq_build;

/* The measure by which rows are linked. */
typedef enum {
    VECQ_LINK_AUTO = 0, /* MOEBIUS for VECQ_IP, otherwise METRIC; required if a codec centers */
    VECQ_LINK_METRIC,   /* the metric of searches */
    VECQ_LINK_COSINE,   /* for VECQ_IP and VECQ_COSINE */
    VECQ_LINK_MOEBIUS,  /* for VECQ_IP: l2 of x / |x|^2, then repaired with items as queries */
    VECQ_LINK_LAYERED   /* for VECQ_IP: METRIC on several layers, for imported graphs */
} vecq_link;

/* The kinds of attributes, by which searches filter items, and an element of each in a
 * vecq_attribute_values. */
typedef enum {
    VECQ_FLOAT32 = 0, /* float; NaN is null */
    VECQ_INT64,       /* int64_t; INT64_MIN is null */
    VECQ_DATETIME,    /* int64_t, microseconds since 1970 in UTC; INT64_MIN is null */
    VECQ_BOOL,        /* uint8_t, 0 or 1 */
    VECQ_CATEGORY,    /* uint32_t, the number of a text */
    VECQ_TAGS         /* uint32_t, the number of a text, any number of elements per item */
} vecq_attribute_kind;

/* Fixed for all releases. */
typedef struct {
    char name[60]; /* UTF-8, at most 59 bytes, ends in 0; without ` */
    int32_t kind;  /* a vecq_attribute_kind */
} vecq_attribute;

typedef struct {
    size_t struct_size;
    int32_t metric; /* a vecq_metric */
    int32_t link;   /* a vecq_link */
    size_t m;       /* links of a new row, at most 2 * m on layer 0; 2 to 256, default: 16 */
    size_t ef_construction; /* beam width when linking; 1 to 100000, default: 200 */
    uint64_t seed;          /* of the levels of rows; default: 0 */
    /* At most 40 attributes of items; copied. vecq_index_describe writes none: see
     * vecq_index_attributes. */
    const vecq_attribute* attributes;
    size_t attribute_count;
} vecq_index_options;

/* How a search finds items. */
typedef enum {
    VECQ_PLAN_AUTO = 0,  /* WALK, SCAN or, if `probes` is given, PROBE, by estimated cost */
    VECQ_PLAN_WALK,      /* walks the graph */
    VECQ_PLAN_STEP_OVER, /* walks the graph, expanding rejected nodes without scoring them */
    VECQ_PLAN_SCAN,      /* scores all allowed items */
    VECQ_PLAN_PROBE      /* scores the items of the nearest cells, see vecq_task_partition */
} vecq_plan;

typedef struct vecq_filter vecq_filter;
typedef struct vecq_groups vecq_groups;

typedef struct {
    size_t struct_size;
    size_t k;                  /* results per query; 1 to 2^32 - 2 */
    size_t ef;                 /* beam width, raised to k; up to 2^32 - 2, default: k + 100, with
                                * codes in planes (VECQ_INT12, mostly VECQ_INT8 from 256 dimensions
                                * on) at least 1.25 k + 8 */
    size_t rerank;             /* candidates rescored on the rerank codes; 0, or k to 2^32 - 2 */
    int32_t query_bits;        /* 15 or 8, see vecq_codec_score; default: 15 */
    int32_t plan;              /* a vecq_plan */
    size_t threads;            /* default: all cores */
    const vecq_filter* filter; /* a filter of this index, or NULL for all items */
    /* NULL, or count + 1 offsets into exclude_ids: query q does not return the ids from
     * exclude_offsets[q] up to exclude_offsets[q + 1]. Unknown ids are ignored. */
    const int64_t* exclude_offsets;
    const int64_t* exclude_ids;
    size_t first_query; /* errors number queries from it */
    /* NULL, or a flag that any thread sets, atomically, to cancel the search: once it is not 0, the
     * call starts no further query, or group of queries of a scan, and returns VECQ_CANCELLED. Its
     * outputs are then meaningless. A query that has begun is completed. */
    const int32_t* cancelled;
    /* `count` weights, one per query, of the items' biases: score = similarity + weight * bias.
     * NULL: 1 for all queries; 0 gives similarities. Finite, at most 1e18 in magnitude. */
    const float* bias_weights;
    /* At most `per_group` (default: 1) results of a query belong to the same group, the best ones;
     * NULL: no limit. */
    const vecq_groups* groups;
    size_t per_group;
    /* 0 to 1: picks results one after the other among the best `candidates` (at least k), each with
     * the largest (1 - diversity) * relevance - diversity * similarity. Relevance is the score
     * relative to those of the best (1) and the worst (0) candidate; similarity the largest cosine
     * of the codes with those of a result picked before, at least 0. Groups choose the candidates.
     * Results are in the order in which they are picked. 0: the best k by score. */
    size_t candidates;
    float diversity;
    int32_t reserved; /* 0 */
    /* Expressions over attributes, such as "price < 100 and tags has 'new'": 0, 1 for all queries,
     * or `count`, one for each, where NULL allows all items. Results also satisfy `filter`.
     * docs/attributes.md has the grammar; an error names the position at fault. */
    const char* const* where;
    size_t where_count;
    /* Cells that VECQ_PLAN_PROBE scans per query; default: 32, and more for a large k or a filter.
     * VECQ_PLAN_AUTO considers that plan only if this is given. Ignored without cells. */
    size_t probes;
} vecq_search_options;

/* Totals over all queries of a call. */
typedef struct {
    size_t struct_size;
    uint64_t hops;                    /* nodes whose neighbor lists were read */
    uint64_t scored_rows;             /* distance computations */
    int32_t plan;                     /* the vecq_plan that was used */
    int32_t reserved;                 /* 0 */
    uint64_t allowed_rows;            /* items that are allowed; the mean over queries */
    uint64_t walks_completed_by_scan; /* queries whose walk found too few allowed items */
    /* Estimates by which VECQ_PLAN_AUTO decides. Infinite: not possible. */
    double walk_cost_seconds, step_over_cost_seconds, scan_cost_seconds, probe_cost_seconds;
} vecq_search_report;

typedef struct {
    size_t struct_size;
    size_t rows; /* items */
    size_t layers;
    size_t layer_rows[16]; /* items on each layer */
    size_t degrees[513];   /* degrees[n]: items with n links on layer 0 */
    size_t unreachable;    /* items that no walk can reach */
    size_t kept_out;       /* items kept out of the graph, of norm near 0; scored where needed */
    size_t free_slots;     /* slots of removed items, to be reused */
    size_t code_bytes, link_bytes, id_bytes, rerank_bytes;
    size_t attribute_bytes;
    size_t cells, cell_bytes; /* see vecq_task_partition; 0 if there are none */
} vecq_index_stats;

/* Fractions of values, 0 to 1, that exceeded the range of a scale that all rows share. 0 where no
 * such scale exists, or the fraction is not known. */
typedef struct {
    size_t struct_size;
    double recent; /* of the vectors added last */
    double sample; /* of the sample that the scale was fitted on */
} vecq_clipped;

/* Creates an empty index. The codecs are copied. `rerank_codec`, of the same dim, adds a second
 * store of finer codes, the rerank store; NULL: none. */
vecq_status vecq_index_open(const vecq_index_options* options, const vecq_codec* codec,
                            const vecq_codec* rerank_codec, vecq_index** index, vecq_error* error);
/* Filters and tasks of the index must be closed before. */
void vecq_index_close(vecq_index* index);

/* Number of items. */
vecq_status vecq_index_size(const vecq_index* index, size_t* size, vecq_error* error);

/* Reserves capacity for `rows` items in all, at most 2^32 - 2. */
vecq_status vecq_index_reserve(vecq_index* index, size_t rows, vecq_error* error);

/* Fits the codecs that need it, see vecq_codec_fit. Refused once vectors were staged. */
vecq_status vecq_index_fit(vecq_index* index, const float* sample, size_t count, vecq_error* error);

/* Adds `count` queries, such as users, with which the next addition repairs the graph. For VECQ_IP
 * with VECQ_LINK_AUTO or VECQ_LINK_MOEBIUS. Errors number them from `first_row`. */
vecq_status vecq_index_sample_users(vecq_index* index, const float* users, size_t count,
                                    size_t first_row, vecq_error* error);

/* Encodes `count` vectors for the next addition. Errors number them from `first_row`. `ids` holds
 * `count` ids that are not in use, or is NULL, which continues after the largest id so far. A call
 * that fails stages nothing. Refused while an addition is being linked. */
vecq_status vecq_index_stage(vecq_index* index, const float* vectors, size_t count,
                             const int64_t* ids, size_t first_row, size_t threads,
                             vecq_error* error);

/* Gives the biases of the `count` vectors of the next call of vecq_index_stage,
 * vecq_index_stage_updates or vecq_index_add_few, which must be as many. Without, a new item has
 * the bias 0 and an updated one keeps its own. */
vecq_status vecq_index_give_biases(vecq_index* index, const float* biases, size_t count,
                                   vecq_error* error);

/* As vecq_index_stage, but ids may be in use: linking replaces their items. */
vecq_status vecq_index_stage_updates(vecq_index* index, const float* vectors, size_t count,
                                     const int64_t* ids, size_t first_row, size_t threads,
                                     vecq_error* error);

/* Chooses how the next addition is linked; `build` is a vecq_build. BULK is refused for an index
 * with items, and for links by inner products as they are. */
vecq_status vecq_index_choose_build(vecq_index* index, int32_t build, vecq_error* error);

/* Links about `rows` staged rows, works on a bulk build for about 50 ms, or does as much of the
 * repair that follows. The addition is done when *done == *total. If a call fails,
 * vecq_index_settle leaves a valid index. */
vecq_status vecq_index_link(vecq_index* index, size_t rows, size_t threads, size_t* done,
                            size_t* total, vecq_error* error);

/* Ends an addition at any point. Staged rows that are not linked are dropped. */
vecq_status vecq_index_settle(vecq_index* index, vecq_error* error);

/* The same for cleanup handlers: does nothing where no addition is open, and reports no error.
 * `index` may be NULL. */
void vecq_index_end_addition(vecq_index* index);

/* After additions and removals: one step of the passes over the whole graph that are due, such as
 * linking rows that no walk can reach. *done == *total when none is. A step takes a fraction of a
 * second; a caller may stop between steps and continue later. Until then searches may miss the rows
 * that vecq_index_stats counts as unreachable. `threads`: 0 for all cores. */
vecq_status vecq_index_repair(vecq_index* index, size_t threads, size_t* done, size_t* total,
                              vecq_error* error);

/* Stages, links and settles in one call on one thread, for few vectors. `upsert` 1: ids may be in
 * use, and their items are replaced. Sets *added to 1; on an empty index, which needs more work, it
 * does nothing and sets *added to 0. */
vecq_status vecq_index_add_few(vecq_index* index, const float* vectors, size_t count,
                               const int64_t* ids, int32_t upsert, int32_t* added,
                               vecq_error* error);

/* Removes the items of `count` ids. Removes nothing if an id is unknown or repeated. Refused while
 * vectors are staged. */
vecq_status vecq_index_remove(vecq_index* index, const int64_t* ids, size_t count,
                              vecq_error* error);

/* contains[i] = 1 if the index has an item of ids[i], otherwise 0. */
vecq_status vecq_index_contains(const vecq_index* index, const int64_t* ids, size_t count,
                                uint8_t* contains, vecq_error* error);

/* Finds the best `k` items for each of `count` queries, best first, into ids[q * k] and
 * scores[q * k]. counts[q] is the number of results: k if at least k items are allowed. After them
 * ids are -1 and scores minus infinity. `report` may be NULL.
 * While another thread changes the index, a call with many queries pauses about every millisecond
 * for it. Each query is answered from one state of the index; queries of one call may be answered
 * from different states. The plan is chosen once, from the first state, as are the costs and
 * `passing` in the report. A scan pauses between groups of 32 queries. */
vecq_status vecq_index_search(const vecq_index* index, const vecq_search_options* options,
                              const float* queries, size_t count, int64_t* ids, float* scores,
                              int64_t* counts, vecq_search_report* report, vecq_error* error);

/* A set of items, given by one of three pointers; the others are NULL. All NULL with count 0 is the
 * empty set. */
typedef struct {
    size_t struct_size;
    const int64_t* ids;        /* `count` ids; unknown ones are ignored */
    const uint8_t* mask;       /* a byte for each item, in order of insertion; 0: not in the set */
    const vecq_filter* filter; /* the items that another filter of the index allows */
    size_t count;              /* of ids, or of bytes: the index's size */
} vecq_choice;

/* Creates a filter, which allows the items of `allow` (NULL: all) that are not in `deny` (NULL:
 * none). Arrays are copied. An item inserted later is allowed if `allow` is NULL, unless `deny` is
 * a filter that allows it; an updated item keeps its state. Close the filter before its index. A
 * filter may be used by any number of searches at the same time. */
vecq_status vecq_filter_open(const vecq_index* index, const vecq_choice* allow,
                             const vecq_choice* deny, vecq_filter** filter, vecq_error* error);
void vecq_filter_close(vecq_filter* filter);

/* Number of items that the filter allows now. */
vecq_status vecq_filter_count(const vecq_filter* filter, size_t* count, vecq_error* error);

/* Creates groups of items: group groups[i], a number below `count`, of ids[i]. Of an id given twice
 * the last one counts. Items of other ids are a group of their own each. Groups are not bound to an
 * index; any number of searches may use them at the same time. */
vecq_status vecq_groups_open(const int64_t* ids, const uint32_t* groups, size_t count,
                             vecq_groups** opened, vecq_error* error);
void vecq_groups_close(vecq_groups* groups);

/* ---- Attributes of items. All of an item are null at first; an update of its vector keeps them.
 * Texts of categories and tags are numbered per attribute in the order of their first use, and keep
 * their numbers while the index is open. ---- */

/* The values of one attribute for `count` items. Fixed for all releases. */
typedef struct {
    const char* name;
    const void* values;     /* elements as vecq_attribute_kind says; may be unaligned */
    const uint8_t* nulls;   /* NULL, or for each item 1 if it is null, otherwise 0 */
    const int64_t* offsets; /* of VECQ_TAGS: item i has elements offsets[i] up to offsets[i + 1];
                             * offsets[0] is 0 */
    const char* texts; /* UTF-8; text i is texts[text_offsets[i]] up to texts[text_offsets[i + 1]],
                        * at most 65535 bytes; elements number these texts */
    const int64_t* text_offsets; /* text_count + 1, from 0 */
    size_t text_count;
} vecq_attribute_values;

/* Copies the first `capacity` attributes of the index. *count is their number. */
vecq_status vecq_index_attributes(const vecq_index* index, vecq_attribute* attributes,
                                  size_t capacity, size_t* count, vecq_error* error);

/* Gives the last `count` staged vectors attributes. Attributes without a column are null for new
 * items and kept for replaced ones. Call it after each vecq_index_stage of an addition, with the
 * same columns, or after none. If it fails, no vector has its values. */
vecq_status vecq_index_stage_attributes(vecq_index* index, const vecq_attribute_values* columns,
                                        size_t column_count, size_t count, vecq_error* error);

/* Changes attributes of the items of `count` ids; attributes without a column stay. Searches may
 * run: each sees all columns of an item change at once, those of 8192 items together. If it fails,
 * nothing has changed. */
vecq_status vecq_index_set_attributes(vecq_index* index, const int64_t* ids, size_t count,
                                      const vecq_attribute_values* columns, size_t column_count,
                                      vecq_error* error);

/* Copies the values of one attribute of the items of `count` ids, in the form of
 * vecq_attribute_values; elements of nulls are 0, or as vecq_attribute_kind says. `capacity` counts
 * elements, at least `count`, and `values` has 8 bytes for each. Texts are numbered as by
 * vecq_index_attribute_texts. Of VECQ_TAGS `offsets` gets count + 1 elements, otherwise it may be
 * NULL; *written is the number of elements, and if that exceeds `capacity`, `values` is not
 * complete. Returns VECQ_CORRUPT_FILE, too. */
vecq_status vecq_index_get_attribute(const vecq_index* index, const char* name, const int64_t* ids,
                                     size_t count, void* values, size_t capacity, uint8_t* nulls,
                                     int64_t* offsets, size_t* written, vecq_error* error);

/* Copies the texts of an attribute from number `first` on, in the form of vecq_attribute_values.
 * *count is their number and *bytes their length in all; if `capacity` is not at least *count + 1
 * or `text_capacity` less than *bytes, nothing is copied. Returns VECQ_CORRUPT_FILE, too. */
vecq_status vecq_index_attribute_texts(const vecq_index* index, const char* name, size_t first,
                                       char* texts, size_t text_capacity, int64_t* offsets,
                                       size_t capacity, size_t* count, size_t* bytes,
                                       vecq_error* error);

/* Decodes the items of `count` ids into `vectors`, from the rerank store if there is one. Refuses
 * unknown ids. */
vecq_status vecq_index_get(const vecq_index* index, const int64_t* ids, size_t count,
                           float* vectors, vecq_error* error);

/* Sets the biases of the items of `count` ids, which searches add to similarities; see bias_weights
 * of vecq_search_options. Searches run meanwhile; each query sees all of the new biases or none. Of
 * an id that is given twice the last bias counts. Sets none if an id is unknown or a bias is not
 * finite or exceeds 1e18 in magnitude. */
vecq_status vecq_index_set_biases(vecq_index* index, const int64_t* ids, size_t count,
                                  const float* biases, vecq_error* error);

/* Writes the biases of the items of `count` ids; 0 where none was set. Refuses unknown ids. */
vecq_status vecq_index_get_biases(const vecq_index* index, const int64_t* ids, size_t count,
                                  float* biases, vecq_error* error);

/* A point of a recall curve: walks of beam width `ef` reached `recall` (0 to 1) for k results. */
typedef struct {
    uint64_t k, ef;
    double recall;
} vecq_curve_point;

/* Stores a recall curve that the caller measured on `rows` items. It is saved with the index, and
 * dropped when the index becomes empty or is refitted. Allowed on a read-only index. */
vecq_status vecq_index_set_curve(vecq_index* index, const vecq_curve_point* points, size_t count,
                                 uint64_t rows, vecq_error* error);

/* Copies the first `capacity` points of the stored curve. *count is its number of points and *rows
 * the number of items that it was measured on; both are 0 without a curve. */
vecq_status vecq_index_curve(const vecq_index* index, vecq_curve_point* points, size_t capacity,
                             size_t* count, uint64_t* rows, vecq_error* error);

/* The same for probes: `ef` of a point is the number of cells that were scanned, and the number of
 * items is that of the curve of walks, which vecq_index_set_curve stores first: it drops the points
 * of probes. */
vecq_status vecq_index_set_probe_curve(vecq_index* index, const vecq_curve_point* points,
                                       size_t count, vecq_error* error);
vecq_status vecq_index_probe_curve(const vecq_index* index, vecq_curve_point* points,
                                   size_t capacity, size_t* count, vecq_error* error);

/* The same for an index with a rerank store: `ef` of a point is the least number of candidates
 * whose rescoring reaches `recall` for k results, one point for each k. vecq_index_effort reads
 * them. */
vecq_status vecq_index_set_rerank_widths(vecq_index* index, const vecq_curve_point* points,
                                         size_t count, vecq_error* error);
vecq_status vecq_index_rerank_widths(const vecq_index* index, vecq_curve_point* points,
                                     size_t capacity, size_t* count, vecq_error* error);

/* The least beam width that reaches `target_recall` (above 0, up to 1) for `k` results by a curve
 * that was measured on `measured_rows` items, for an index of `rows` items. The points of one k
 * rise; between measured k the ef is interpolated. Refused with the argument target_recall if no
 * measured walk reached the recall, or if `rows` is more than twice `measured_rows`. */
vecq_status vecq_curve_ef(const vecq_curve_point* points, size_t count, uint64_t measured_rows,
                          size_t k, double target_recall, uint64_t rows, size_t* ef,
                          vecq_error* error);

/* The same for probes, by a curve of probes. */
vecq_status vecq_curve_probes(const vecq_curve_point* points, size_t count, uint64_t measured_rows,
                              size_t k, double target_recall, uint64_t rows, size_t* probes,
                              vecq_error* error);

/* The settings of a search for `k` results by which every language starts. *ef reaches
 * `target_recall` by the stored curve, see vecq_curve_ef; with 0 it is the default of
 * vecq_search_options. *rerank is 0 without a rerank store; with one it follows from
 * vecq_index_set_rerank_widths, or is 1.25 k + 8, 2 k + 50 for VECQ_INT4 codes. */
vecq_status vecq_index_effort(const vecq_index* index, size_t k, double target_recall, size_t* ef,
                              size_t* rerank, vecq_error* error);

/* ---- String ids. The index numbers its strings; the numbers are the ids of all other calls.
 * Strings are UTF-8 of 1 to 65,535 bytes without 0 characters, in `bytes` (`length` of them):
 * `count` strings, string i at offsets[i] to offsets[i + 1], or with offsets NULL each but the last
 * followed by a 0 byte. Reading calls run at any time; changing calls exclude each other. ---- */

typedef enum { VECQ_ID_INT64 = 0, VECQ_ID_STRING } vecq_id_type;

/* Chooses the type of ids while the index has no items. New indexes have VECQ_ID_INT64. */
vecq_status vecq_index_set_id_type(vecq_index* index, int32_t id_type, vecq_error* error);
vecq_status vecq_index_get_id_type(const vecq_index* index, int32_t* id_type, vecq_error* error);

/* Writes the numbers of strings; new strings get a number, to add items under. No other change of
 * the index may come between this call and the addition. */
vecq_status vecq_index_name_ids(vecq_index* index, const char* bytes, size_t length,
                                const int64_t* offsets, size_t count, int64_t* ids,
                                vecq_error* error);

/* Writes the numbers of strings, -1 for unknown ones, and the version of the numbering. A number
 * keeps its string while the version stays: removals and compaction may change it. */
vecq_status vecq_index_find_ids(const vecq_index* index, const char* bytes, size_t length,
                                const int64_t* offsets, size_t count, int64_t* ids,
                                uint64_t* version, vecq_error* error);

/* Writes the strings of numbers, one after the other: from offsets[i] on, count + 1 offsets, or
 * with offsets NULL each followed by a 0 byte. A number without a string has an empty one. *length
 * is the number of bytes; if that exceeds `capacity`, call again with more. *is_current is 0, and
 * nothing is written, if the version of the numbering is another one. */
vecq_status vecq_index_names(const vecq_index* index, const int64_t* ids, size_t count,
                             uint64_t version, char* bytes, size_t capacity, int64_t* offsets,
                             size_t* length, int32_t* is_current, vecq_error* error);

/* A table of strings without an index, to join columns by strings. One call at a time. */
typedef struct vecq_strings vecq_strings;
vecq_status vecq_strings_open(vecq_strings** table, vecq_error* error);
void vecq_strings_close(vecq_strings* table);

/* Writes the numbers of strings, which count from 0. With `inserts` 1 new strings get the next
 * number, with 0 they are -1. */
vecq_status vecq_strings_number(vecq_strings* table, const char* bytes, size_t length,
                                const int64_t* offsets, size_t count, int32_t inserts,
                                int64_t* numbers, vecq_error* error);

/* Writes a hash of each string, the same in every process and on every machine. */
vecq_status vecq_strings_hash(const char* bytes, size_t length, const int64_t* offsets,
                              size_t count, uint64_t* hashes, vecq_error* error);

/* Copies all ids in order of insertion. *count is their number; if that exceeds `capacity`, as when
 * the index grows meanwhile, nothing is copied. */
vecq_status vecq_index_ids(const vecq_index* index, int64_t* ids, size_t capacity, size_t* count,
                           vecq_error* error);

typedef struct {
    size_t struct_size;
    int32_t metric;                 /* a vecq_metric */
    int32_t query_bits;             /* 15 or 8, see vecq_codec_score; default: 15 */
    size_t k;                       /* results per query; 1 to 2^32 - 2 */
    size_t threads;                 /* default: all cores */
    const int64_t* exclude_offsets; /* as in vecq_search_options; ids are row numbers */
    const int64_t* exclude_ids;
    size_t first_query; /* errors number queries from it */
    size_t first_row;   /* number of the first row of this block, in errors and in results */
} vecq_exact_options;

/* Exact search without an index, one block of rows at a time: encodes `row_count` vectors, scores
 * all of them, and merges the best `k` per query into the results of the blocks before. `counts`
 * must be 0 before the first block; elements behind counts[q] are not written. Counts above k and
 * results that are no row numbers below first_row are refused. The codec must be
 * fitted if it needs it. If a call fails, discard the results. */
vecq_status vecq_exact(const vecq_codec* codec, const vecq_exact_options* options,
                       const float* queries, size_t count, const float* rows, size_t row_count,
                       int64_t* ids, float* scores, int64_t* counts, vecq_error* error);

/* Statistics of the whole graph. Reads all of it, while changes wait. */
vecq_status vecq_index_get_stats(const vecq_index* index, vecq_index_stats* stats,
                                 vecq_error* error);
/* Waits for a change in progress. */
vecq_status vecq_index_get_clipped(const vecq_index* index, vecq_clipped* clipped,
                                   vecq_error* error);

/* ---- Import and export of graphs. An import starts from an empty index: stage rows, import levels
 * and links, adopt. Links are validated before searches see any of them; vecq_index_settle drops a
 * graph that was not adopted. A row is numbered in the order of staging; UINT32_MAX means none.
 * Layer 0 holds all rows, a layer above the rows of at least its level, in the same order; the
 * number of a node is its position on the layer. ---- */

/* Starts the import with the highest layer, at most 15, of each of the `count` staged rows. For
 * VECQ_IP, the index must have been created with VECQ_LINK_LAYERED. */
vecq_status vecq_index_import_levels(vecq_index* index, const uint8_t* levels, size_t count,
                                     vecq_error* error);

/* Sets the neighbor lists of `count` nodes of a layer, from node `first` on: `width` row numbers
 * each, UINT32_MAX behind the last. A list holds other rows of its layer, each once, at most 2 * m
 * on layer 0 and m above. */
vecq_status vecq_index_import_links(vecq_index* index, size_t layer, size_t first, size_t count,
                                    const uint32_t* links, size_t width, vecq_error* error);

/* Installs the imported graph. Walks start at `entry`, a row of the highest layer. The next
 * vecq_index_repair attaches unreachable nodes. */
vecq_status vecq_index_import_adopt(vecq_index* index, uint32_t entry, vecq_error* error);

typedef struct {
    size_t struct_size;
    size_t rows, layers; /* rows include free slots */
    size_t max_degree;   /* capacity of a list on layer 0; half as much above */
    size_t entry_count;
    uint32_t entries[32]; /* entry points of walks, on the highest layer */
} vecq_graph;

/* The graph's shape. Rows are numbered in an order of the index's own. The index must not change
 * between the calls of one export. */
vecq_status vecq_index_export_graph(const vecq_index* index, vecq_graph* graph, vecq_error* error);

/* Highest layers, ids and decoded vectors of `count` rows from number `first` on. The level of a
 * free slot is 128 or more; its id and vector are meaningless. */
vecq_status vecq_index_export_rows(const vecq_index* index, size_t first, size_t count,
                                   uint8_t* levels, int64_t* ids, float* vectors,
                                   vecq_error* error);

/* Neighbor lists of `count` nodes of a layer, from node `first` on, `width` row numbers each, at
 * least the capacity of a list. */
vecq_status vecq_index_export_links(const vecq_index* index, size_t layer, size_t first,
                                    size_t count, uint32_t* links, size_t width, vecq_error* error);

/* ---- Files and tasks. Paths are in the encoding of the file system; messages do not repeat them.
 * Functions that read or write files also return VECQ_FILE_ERROR and VECQ_CORRUPT_FILE.
 *
 * Work that may take long is a task: call vecq_task_step until *done == *total. Only one thread at
 * a time may use a task. ---- */

typedef struct vecq_task vecq_task;

typedef enum {
    VECQ_PRELOAD_NONE = 0,
    VECQ_PRELOAD_SEARCH, /* what searches read, without the rerank store */
    VECQ_PRELOAD_ALL,
    VECQ_PRELOAD_COPY /* as SEARCH, copied to memory that no other process shares */
} vecq_preload;

typedef struct {
    size_t struct_size;
    size_t dim;
    size_t has_rerank_codec; /* 1 or 0 */
} vecq_index_description;

typedef struct {
    size_t struct_size;
    uint32_t format;
    uint32_t reserved;           /* 0 */
    char writer_version[16];     /* the release that wrote the file */
    char min_reader_version[16]; /* the oldest release that reads it */
    uint64_t bytes;
    size_t sections;
} vecq_file_info;

/* One array of a file. */
typedef struct {
    char name[48];
    uint64_t element_bytes, count, offset, checksum;
} vecq_section;

typedef struct {
    char location[80]; /* such as "links of layer 0, node 17" */
    char message[176]; /* such as "links to itself" */
} vecq_problem;

/* Opens the index in a file by mapping it; rows and graph are read when searches touch them.
 * `writable` 1: changes are allowed, and go to memory, never to the file. */
vecq_status vecq_index_open_file(const char* path, int32_t writable, vecq_index** index,
                                 vecq_error* error);

/* The options that an index was created with. Each output may be NULL. `rerank_codec` is not
 * written if there is none. Not at the same time as vecq_index_fit or a refit. */
vecq_status vecq_index_describe(const vecq_index* index, vecq_index_description* description,
                                vecq_index_options* options, vecq_codec_options* codec,
                                vecq_codec_options* rerank_codec, vecq_error* error);

/* Reads the section table of a file, and nothing else. Copies the first `capacity` of
 * info->sections to `sections`. */
vecq_status vecq_file_describe(const char* path, vecq_file_info* info, vecq_section* sections,
                               size_t capacity, vecq_error* error);

/* Each creates a task, which the caller closes at any point, before the index.
 *   save     Writes the index, as it is now, to a file; changes may continue meanwhile. A file that
 *            is there is replaced atomically by the last step; a task that is closed early leaves
 *            it as it was. One save at a time, and none during a refit or a compaction. A file that
 *            the index was opened from or saved to, and that has changed since, is replaced only
 *            with `overwrite` 1: otherwise the call or the last step fails with VECQ_CHANGED_FILE.
 *            Any other file at `path` is replaced.
 *   preload  Reads a vecq_preload of a mapped file into memory. `lock` 1 also pins it, as far as
 *            RLIMIT_MEMLOCK allows.
 *   refit    Fits the codec and computes all codes again, from the rerank store, which it needs.
 *   compact  Gives back the memory of free slots.
 *   partition  Groups the items into `cells` cells by k-means, for VECQ_PLAN_PROBE; 0: twice the
 *            square root of the number of items. They are saved with the index. Items added later
 *            are in no cell, and every probe scores them. refit, compact and removing the last item
 *            drop the cells.
 *            These three leave the index as it was if closed early, and are refused during an
 *            addition or a save. Searches continue; changes are refused.
 *   check    Looks for violated invariants. `deep` 0: only compares the checksums of a mapped file.
 *            The index must not change meanwhile. */
vecq_status vecq_task_save(vecq_index* index, const char* path, int32_t overwrite, vecq_task** task,
                           vecq_error* error);
vecq_status vecq_task_preload(vecq_index* index, int32_t preload, int32_t lock, vecq_task** task,
                              vecq_error* error);
vecq_status vecq_task_refit(vecq_index* index, vecq_task** task, vecq_error* error);
vecq_status vecq_task_compact(vecq_index* index, vecq_task** task, vecq_error* error);
vecq_status vecq_task_partition(vecq_index* index, size_t cells, vecq_task** task,
                                vecq_error* error);
vecq_status vecq_task_check(const vecq_index* index, int32_t deep, vecq_task** task,
                            vecq_error* error);
void vecq_task_close(vecq_task* task);

/* For cleanup handlers: closes *task and sets it to NULL, so that a second call does nothing.
 * `task` and *task may be NULL. */
void vecq_task_end(vecq_task** task);

/* Runs one step, a fraction of a second where the work can be divided that far. *done and *total
 * are in units of the task, mostly bytes or rows. After an error, close the task. */
vecq_status vecq_task_step(vecq_task* task, size_t* done, size_t* total, vecq_error* error);

typedef struct {
    size_t struct_size;
    uint64_t bytes;       /* of the file */
    double pause_seconds; /* that changes of the index had to wait */
} vecq_saved;

/* The result of a save. Refuses other tasks. */
vecq_status vecq_task_saved(const vecq_task* task, vecq_saved* saved, vecq_error* error);

/* The problems that a check has found so far. *count is their number, *listed the number that is
 * kept; copies the first `capacity` of these. Refuses other tasks. */
vecq_status vecq_task_problems(const vecq_task* task, vecq_problem* problems, size_t capacity,
                               size_t* listed, size_t* count, vecq_error* error);

/* ---- A live index follows a file. A refresh looks whether the file of that name is another one
 * (by inode, size and modification time); if so it opens the file, compares its checksums, loads
 * what searches read, and swaps the new index in. Searches that run finish on the index they began
 * with. A file that cannot be used leaves the index in use as it is. Replace the file by renaming a
 * complete one, as a save does: writing into a mapped file changes the index in use, and truncating
 * it ends the process. Any number of threads may use a live index, except to close it. ---- */

typedef struct vecq_live vecq_live;

typedef struct {
    size_t struct_size;
    int32_t preload;        /* a vecq_preload, before an index is used; default: NONE */
    int32_t skip_checksums; /* 1: use a file without comparing its checksums; default: 0 */
} vecq_live_options;

typedef struct {
    size_t struct_size;
    uint64_t version;   /* of the index in use: 1, and 1 more with each swap */
    uint64_t failures;  /* files that were refused */
    int64_t changed_ns; /* modification time of the file in use, in ns since 1970 */
    int32_t failed;     /* a vecq_status: why the last refresh failed; VECQ_OK: it did not */
    int32_t reserved;   /* 0 */
    vecq_error error;   /* its message, if it failed */
} vecq_live_status;

/* Opens the file read-only. It must be usable. */
vecq_status vecq_live_open(const char* path, const vecq_live_options* options, vecq_live** live,
                           vecq_error* error);
/* Leases remain valid. */
void vecq_live_close(vecq_live* live);

/* Looks for another file, as above, and sets *swapped to 1 if the index was replaced. Returns the
 * error of a file that cannot be used, of any other dim than before, or is missing. A file that was
 * refused is not tried again until it changes, unless `retry` is 1: until then its error is
 * returned again. Refreshes wait for each other; searches do not wait. */
vecq_status vecq_live_refresh(vecq_live* live, int32_t retry, int32_t* swapped, vecq_error* error);

/* Leases the index in use: it stays open until vecq_live_release, also if it is replaced meanwhile.
 * Filters of it must be closed before. `version` may be NULL. */
vecq_status vecq_live_acquire(vecq_live* live, const vecq_index** index, uint64_t* version,
                              vecq_error* error);
/* Ends a lease. NULL does nothing. */
void vecq_live_release(const vecq_index* index);

vecq_status vecq_live_get_status(vecq_live* live, vecq_live_status* status, vecq_error* error);

/* [/cdef] */

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif

#endif
