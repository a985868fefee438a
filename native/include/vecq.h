/* vecq: the whole C ABI.
 *
 * Conventions
 *   - Every call that can fail returns a vecq_status. VECQ_OK is 0.
 *   - `error` may be NULL. Otherwise, when the status is not VECQ_OK, it names the argument at fault
 *     (empty if none) and says what was expected. The caller owns it; nothing in it needs freeing.
 *   - Structs that may grow begin with `struct_size`. Set all bytes to 0 and then struct_size to
 *     sizeof the struct, of outputs as well. Fields that an older caller's struct lacks are taken
 *     as 0, which asks for the default; outputs are filled as far as the caller's struct reaches.
 *     A struct_size of 0 is refused, and bytes beyond what this version knows that are not 0.
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
    VECQ_INTERNAL,
    VECQ_FILE_ERROR,   /* the system refused something; see vecq_error.system */
    VECQ_CORRUPT_FILE, /* a file is not what was written */
    VECQ_READ_ONLY     /* an index that was opened to be read was to be changed */
} vecq_status;

typedef struct {
    char argument[32];
    int32_t system; /* the errno of a call to the system that failed; otherwise 0 */
    char message[476];
} vecq_error;

/* "1.2.3"; static. */
const char* vecq_version(void);

/* The memory that this process may have: the machine's, or that of the least of its control groups. */
vecq_status vecq_memory_limit(uint64_t* bytes, vecq_error* error);

/* ---- Instruction sets. Chosen once, at first use: the best that the machine has, or the one that
 * the environment variable VECQ_ISA names; naming one that is missing makes every call fail. ---- */

typedef struct {
    size_t struct_size;
    const char* name;    /* "avx512_vnni"; static */
    const char* missing; /* why it can't run here; NULL if it can; static */
} vecq_isa;

size_t vecq_isa_count(void);

/* Number 0 is the most portable, the last one the most capable. */
vecq_status vecq_isa_get(size_t number, vecq_isa* isa, vecq_error* error);

/* The one in use; a static string. */
vecq_status vecq_isa_active(const char** name, vecq_error* error);

/* ---- Rows. A row is its codes padded to a multiple of 64 bytes, aligned to 64. Elements, by width:
 * VECQ_FP32 float; VECQ_FP16 IEEE half; VECQ_INT16 int16_t; VECQ_INT8 uint8_t holding code + 128.
 * Padding holds the code 0. ---- */

/* Passed as int32_t, so that any value may arrive and be refused. */
typedef enum { VECQ_FP32 = 0, VECQ_FP16, VECQ_INT16, VECQ_INT8 } vecq_width;

/* ---- Codecs: float vectors to rows of codes and back, and scores of float queries against them.
 * A codec is made, fitted or restored by one thread; after that any number may use it. ---- */

typedef struct vecq_codec vecq_codec;

typedef enum { VECQ_SCALE_VECTOR = 0, VECQ_SCALE_DIMENSION, VECQ_SCALE_GLOBAL } vecq_scale;
typedef enum { VECQ_MINMAX = 0, VECQ_PERCENTILE, VECQ_MSE, VECQ_ENTROPY } vecq_calibration;
typedef enum { VECQ_IP = 0, VECQ_COSINE, VECQ_L2 } vecq_metric;

typedef struct {
    size_t struct_size;
    int32_t width;       /* a vecq_width */
    int32_t scale;       /* a vecq_scale: one per row, one per dimension, or one for all */
    int32_t calibration; /* a vecq_calibration: how fit chooses shared scales */
    int32_t center;      /* 1: fit the mean, and code what differs from it */
    int32_t rotate;      /* 1: rotate at random, by `seed` */
    int32_t unbiased;    /* 1: scale a row of its own scale to keep its dot with itself */
    double percentile;   /* of VECQ_PERCENTILE; more than 0, at most 100; 0: 99.9 */
    uint64_t seed;
} vecq_codec_options;

/* What a row keeps beside its codes. */
typedef struct {
    float scale;        /* what a code stands for */
    float centred_norm; /* of what the codes decode to, without the mean */
    float norm;         /* of the same, with it */
} vecq_row_constants;

/* The caller owns *codec and closes it; closing NULL does nothing. */
vecq_status vecq_codec_open(const vecq_codec_options* options, size_t dim, vecq_codec** codec,
                            vecq_error* error);
void vecq_codec_close(vecq_codec* codec);

vecq_status vecq_codec_row_bytes(const vecq_codec* codec, size_t* bytes, vecq_error* error);

/* Needed once if options ask for a mean or shared scales; `sample` is `count` x dim. */
vecq_status vecq_codec_fit(vecq_codec* codec, const float* sample, size_t count, vecq_error* error);

/* What fit found, borrowed from the codec until it is fitted anew or closed. */
vecq_status vecq_codec_parameters(const vecq_codec* codec, const float** mean, size_t* mean_count,
                                  const float** scales, size_t* scale_count, vecq_error* error);
/* Puts such parameters into a codec of the same options and dim. */
vecq_status vecq_codec_restore(vecq_codec* codec, const float* mean, size_t mean_count,
                               const float* scales, size_t scale_count, vecq_error* error);

/* `vectors` is `count` x dim; errors number its rows from `first_row`; `threads` is 0 for all cores.
 * To each of
 * the `dim` counters of `clipped` it adds how many values lay beyond the range of a shared scale. */
vecq_status vecq_codec_encode(const vecq_codec* codec, const float* vectors, size_t count,
                              size_t first_row, size_t threads, void* rows,
                              vecq_row_constants* constants, uint64_t* clipped, vecq_error* error);

vecq_status vecq_codec_decode(const vecq_codec* codec, const void* rows,
                              const vecq_row_constants* constants, size_t count, size_t threads,
                              float* vectors, vecq_error* error);

/* scores[q * row_count + r], higher being better: VECQ_L2 gives minus the squared distance.
 * `query_bits` 15 codes queries for integer rows in two digits, 8 in one. */
vecq_status vecq_codec_score(const vecq_codec* codec, int32_t metric, int32_t query_bits,
                             const float* queries, size_t query_count, const void* rows,
                             const vecq_row_constants* constants, size_t row_count, size_t threads,
                             float* scores, vecq_error* error);

/* ---- Indexes: rows of codes with a graph over them. An addition stages vectors, links them in as
 * many calls as it likes, and is settled. Searches may run at any time, from any number of threads;
 * they see the rows that are linked. One addition at a time. ---- */

typedef struct vecq_index vecq_index;

typedef enum {
    VECQ_LINK_AUTO = 0,
    VECQ_LINK_METRIC,
    VECQ_LINK_COSINE,
    VECQ_LINK_MOEBIUS,
    VECQ_LINK_LAYERED /* for VECQ_IP: as METRIC, but on layers, as graphs made elsewhere are */
} vecq_link;

typedef struct {
    size_t struct_size;
    int32_t metric;         /* a vecq_metric */
    int32_t link;           /* a vecq_link: what rows are compared by when they are linked */
    size_t m;               /* links of a new row; twice as many at most; 2 to 256; 0: 16 */
    size_t ef_construction; /* candidates that they are chosen from; 1 to 100000; 0: 200 */
    uint64_t seed;
} vecq_index_options;

/* Which way a search takes: what is estimated to cost least; a walk over the graph; one that does not
 * score rows that a filter holds back but reads their links in their place; or a scan of all rows that
 * pass. */
typedef enum { VECQ_PLAN_AUTO = 0, VECQ_PLAN_WALK, VECQ_PLAN_STEP_OVER, VECQ_PLAN_SCAN } vecq_plan;

typedef struct vecq_filter vecq_filter;

typedef struct {
    size_t struct_size;
    size_t k;
    size_t ef;     /* how many of the best the walk keeps; at least k is taken; 0: k + 100 */
    size_t rerank; /* how many of them are scored anew on the wider rows, at least k; 0: none */
    int32_t query_bits;        /* 15 or 8, as in vecq_codec_score; 0: 15 */
    int32_t plan;              /* a vecq_plan */
    size_t threads;            /* 0 for all cores */
    const vecq_filter* filter; /* of this index, or NULL */
    /* NULL, or for query q the ids from exclude_offsets[q] on, up to exclude_offsets[q + 1], which it
     * is not answered with. Unknown ones mean nothing. */
    const int64_t* exclude_offsets;
    const int64_t* exclude_ids;
    size_t first_query; /* errors number queries from it */
} vecq_search_options;

typedef struct {
    size_t struct_size;
    uint64_t hops;    /* nodes whose links were read */
    uint64_t scores;  /* rows that were scored */
    int32_t plan;     /* the way that was taken */
    uint64_t passing; /* rows that pass the filter */
    uint64_t starved; /* queries whose walk found too little, so that rows were scanned for them */
    double walk_cost, step_over_cost, scan_cost; /* estimated, in seconds; infinite: not possible */
} vecq_search_report;

typedef struct {
    size_t struct_size;
    size_t rows;
    size_t layers;
    size_t layer_rows[16]; /* of each layer */
    size_t degrees[513];   /* how many rows have so many links on layer 0 */
    size_t unreachable;    /* rows that no walk can come to */
    size_t aside;          /* rows left out of the graph, all but zero; scored where they matter */
    size_t vacant;         /* places that removed rows left, for rows to come */
    size_t code_bytes, link_bytes, id_bytes, rerank_bytes;
} vecq_index_stats;

/* Of the values of vectors, the share that lay beyond the range of a scale that all rows share; 0 where
 * there is none, or where it is not known. */
typedef struct {
    size_t struct_size;
    double lately; /* of those that came last */
    double fitted; /* of the sample that it was fitted to */
} vecq_clipped;

/* The codecs are copied. `wide_codec` is NULL, or codes a second, wider store. The caller owns
 * *index and closes it; closing NULL does nothing. */
vecq_status vecq_index_open(const vecq_index_options* options, const vecq_codec* codec,
                            const vecq_codec* wide_codec, vecq_index** index, vecq_error* error);
void vecq_index_close(vecq_index* index);

vecq_status vecq_index_size(const vecq_index* index, size_t* size, vecq_error* error);

/* Makes room for so many rows in all. */
vecq_status vecq_index_reserve(vecq_index* index, size_t rows, vecq_error* error);

/* Fits codecs that have yet to be, before the first row; does nothing where none has to be. */
vecq_status vecq_index_fit(vecq_index* index, const float* sample, size_t count, vecq_error* error);

/* For VECQ_IP: queries that resemble those to come, whose best rows the addition connects. */
vecq_status vecq_index_sample_users(vecq_index* index, const float* users, size_t count,
                                    size_t first_row, vecq_error* error);

/* Encodes `count` vectors; errors number them from `first_row`. `ids` is NULL, which numbers them
 * on, or holds `count` that are not in use. A call that fails stages nothing. */
vecq_status vecq_index_stage(vecq_index* index, const float* vectors, size_t count,
                             const int64_t* ids, size_t first_row, size_t threads,
                             vecq_error* error);

/* The same with ids that are in use as well: their items are replaced when the new ones are linked. */
vecq_status vecq_index_stage_updates(vecq_index* index, const float* vectors, size_t count,
                                     const int64_t* ids, size_t first_row, size_t threads,
                                     vecq_error* error);

/* Links about `rows` staged rows. Done when *done == *total. */
vecq_status vecq_index_link(vecq_index* index, size_t rows, size_t threads, size_t* done,
                            size_t* total, vecq_error* error);

/* Ends an addition; staged rows that are not linked are dropped. */
vecq_status vecq_index_settle(vecq_index* index, vecq_error* error);

/* All of this in one call, for rows so few that nobody would end it. With `updating` 1, ids may be in use.
 * Into an index without rows, for which more has to be done, it adds nothing and sets *added to 0. */
vecq_status vecq_index_add_few(vecq_index* index, const float* vectors, size_t count,
                               const int64_t* ids, int32_t updating, int32_t* added,
                               vecq_error* error);

/* Removes the items of `count` ids, all or none: unknown ids are refused, and ids that come twice. Not
 * while vectors are staged. */
vecq_status vecq_index_remove(vecq_index* index, const int64_t* ids, size_t count,
                              vecq_error* error);

/* For each id a byte to `held`: 1 if the index has an item of that id, 0 if not. */
vecq_status vecq_index_holds(const vecq_index* index, const int64_t* ids, size_t count,
                             uint8_t* held, vecq_error* error);

/* The best `k` rows of each of `count` queries, best first, to `ids` and `scores`, `k` for each query;
 * where `counts` is less than k, the ids that follow are -1. `report` may be NULL. */
vecq_status vecq_index_search(const vecq_index* index, const vecq_search_options* options,
                              const float* queries, size_t count, int64_t* ids, float* scores,
                              int64_t* counts, vecq_search_report* report, vecq_error* error);

/* Some rows: `count` ids, of which unknown ones mean nothing; or, as a mask, a byte for each row in the
 * order in which they were added; or what passes another filter. The others are NULL. */
typedef struct {
    size_t struct_size;
    const int64_t* ids;
    const uint8_t* mask;
    const vecq_filter* filter;
    size_t count;
} vecq_choice;

/* Rows that searches may answer with: those that are allowed, NULL standing for all, and not denied.
 * Rows that are added later pass if none were listed as allowed, nor are denied by another filter that
 * they pass. The caller owns *filter, closes it, and keeps the index until then; closing NULL does
 * nothing. */
vecq_status vecq_filter_open(const vecq_index* index, const vecq_choice* allow,
                             const vecq_choice* deny, vecq_filter** filter, vecq_error* error);
void vecq_filter_close(vecq_filter* filter);

/* How many of the index's rows pass. */
vecq_status vecq_filter_count(const vecq_filter* filter, size_t* count, vecq_error* error);

/* The vectors of ids, decoded from the wider rows if there are any. Unknown ids are refused. */
vecq_status vecq_index_get(const vecq_index* index, const int64_t* ids, size_t count,
                           float* vectors, vecq_error* error);

/* What recall a walk reached that kept `ef` for k items: measured by the caller when there were `rows`,
 * kept and saved with the index. It is gone once the index was empty or refitted. */
typedef struct {
    uint64_t k, ef;
    double recall;
} vecq_curve_point;

vecq_status vecq_index_set_curve(vecq_index* index, const vecq_curve_point* points, size_t count,
                                 uint64_t rows, vecq_error* error);

/* *count becomes how many there are, of which the first `room` go to `points`, and *rows what they were
 * measured on. */
vecq_status vecq_index_curve(const vecq_index* index, vecq_curve_point* points, size_t room,
                             size_t* count, uint64_t* rows, vecq_error* error);

/* All ids, in the order in which they were added, and how many there are; if that is more than the
 * `room` in `ids`, for the index may grow meanwhile, none. */
vecq_status vecq_index_ids(const vecq_index* index, int64_t* ids, size_t room, size_t* count,
                           vecq_error* error);

/* Exact search in a block of `row_count` vectors, the first of which has the number `first_row`, merged
 * into what the blocks before gave: to begin with, `counts` is zero. */
typedef struct {
    size_t struct_size;
    int32_t metric;     /* a vecq_metric */
    int32_t query_bits; /* 15 or 8; 0: 15 */
    size_t k;
    size_t threads;                 /* 0 for all cores */
    const int64_t* exclude_offsets; /* as in vecq_search_options; ids are numbers of rows */
    const int64_t* exclude_ids;
    size_t first_query, first_row; /* errors number queries and rows from these */
} vecq_exact_options;

vecq_status vecq_exact(const vecq_codec* codec, const vecq_exact_options* options,
                       const float* queries, size_t count, const float* rows, size_t row_count,
                       int64_t* ids, float* scores, int64_t* counts, vecq_error* error);

vecq_status vecq_index_get_stats(const vecq_index* index, vecq_index_stats* stats,
                                 vecq_error* error);
vecq_status vecq_index_get_clipped(const vecq_index* index, vecq_clipped* clipped,
                                   vecq_error* error);

/* ---- Graphs made elsewhere. Rows are staged, as for an addition, in an index that has none; then comes
 * their graph, which is looked over before searches see any of it. Settling drops one that was not adopted.
 * A row has the number in which it was staged; UINT32_MAX is none. Layer 0 holds all rows, each layer above
 * those of its level and higher, in the same order: a row's place there is its node's number. ---- */

/* Begins with the highest layer of each of the `count` staged rows, at most 15. For VECQ_IP the index has to
 * be opened with VECQ_LINK_LAYERED. */
vecq_status vecq_index_import_levels(vecq_index* index, const uint8_t* levels, size_t count,
                                     vecq_error* error);

/* The lists of `count` nodes of a layer, from number `first` on: `width` rows each, what is unused at the
 * end. A list leads to other rows of its layer, to none twice, and to at most 2 * m of them on layer 0, m
 * above. */
vecq_status vecq_index_import_links(vecq_index* index, size_t layer, size_t first, size_t count,
                                    const uint32_t* links, size_t width, vecq_error* error);

/* From now on the index has that graph, where walks begin at `entry`, a row of the highest layer. Rows that
 * no walk can come to are linked, as after an addition. */
vecq_status vecq_index_import_adopt(vecq_index* index, uint32_t entry, vecq_error* error);

/* The graph of an index that is not being added to, in the same terms. Its rows are numbered in an order of
 * its own. */
typedef struct {
    size_t struct_size;
    size_t rows, layers;
    size_t degree;      /* room in a list of layer 0, half as much above */
    size_t entry_count; /* rows of the highest layer that is walked, where walks begin */
    uint32_t entries[32];
} vecq_graph;

vecq_status vecq_index_export_graph(const vecq_index* index, vecq_graph* graph, vecq_error* error);

/* Of `count` rows, from number `first` on: highest layers, ids and decoded vectors. Of a row that holds no
 * item, 128 is added to the layer, and the rest means nothing. */
vecq_status vecq_index_export_rows(const vecq_index* index, size_t first, size_t count,
                                   uint8_t* levels, int64_t* ids, float* vectors,
                                   vecq_error* error);

/* The lists of `count` nodes of a layer, from number `first` on, with room for `width` rows each. */
vecq_status vecq_index_export_links(const vecq_index* index, size_t layer, size_t first,
                                    size_t count, uint32_t* links, size_t width, vecq_error* error);

/* ---- Files. Paths are in the encoding of the file system, and messages do not repeat them. Work that
 * may take long is a task: call vecq_task_step until *done == *total. ---- */

typedef struct vecq_task vecq_task;

typedef enum {
    VECQ_PRELOAD_NOTHING = 0,
    VECQ_PRELOAD_WALKED, /* what searches without reranking read */
    VECQ_PRELOAD_ALL,
    VECQ_PRELOAD_COPIED /* as WALKED, to memory that no other process shares */
} vecq_preload;

typedef struct {
    size_t struct_size;
    size_t dim;
    size_t has_wide; /* 1: it has a second, wider store */
} vecq_index_description;

typedef struct {
    size_t struct_size;
    uint32_t format;
    char library[16]; /* that wrote it */
    char needed[16];  /* the oldest that reads it */
    uint64_t bytes;
    size_t sections;
} vecq_file_info;

typedef struct {
    char name[48];
    uint64_t element_bytes, count, offset, checksum;
} vecq_section;

typedef struct {
    char where[80];
    char what[176];
} vecq_problem;

/* Opens the index that a file holds, by mapping it; reads neither rows nor graph. `writable` 1: it can be
 * added to, in memory. The caller owns *index. */
vecq_status vecq_index_open_file(const char* path, int32_t writable, vecq_index** index,
                                 vecq_error* error);

/* What an index was opened with. Each of the outputs may be NULL; wide_codec is left as it is where there
 * is no wider store. */
vecq_status vecq_index_describe(const vecq_index* index, vecq_index_description* description,
                                vecq_index_options* options, vecq_codec_options* codec,
                                vecq_codec_options* wide_codec, vecq_error* error);

/* The table of a file, of whatever sections; the first `room` of info->sections go to `sections`. */
vecq_status vecq_file_describe(const char* path, vecq_file_info* info, vecq_section* sections,
                               size_t room, vecq_error* error);

/* Each makes a task on an index, which must outlive it. The caller owns *task and closes it, whether or
 * not it came to its end; closing NULL does nothing.
 *   save     writes a file. Until the last step the file that was there stays; a task that is closed
 *            early leaves nothing. The file holds the index as it was when the task was made: items may
 *            come, change and go meanwhile. One at a time.
 *   preload  brings a vecq_preload of an opened index into memory, and pins it if `lock` is 1.
 *   refit    fits the codec and makes all codes anew, from the wider store.
 *   compact  gives up the room of items that were removed.
 *   check    looks for what is wrong; with `deep` 0, only for sections that do not match their
 *            checksums. The index must not change meanwhile. */
vecq_status vecq_task_save(vecq_index* index, const char* path, vecq_task** task,
                           vecq_error* error);
vecq_status vecq_task_preload(vecq_index* index, int32_t what, int32_t lock, vecq_task** task,
                              vecq_error* error);
vecq_status vecq_task_refit(vecq_index* index, vecq_task** task, vecq_error* error);
vecq_status vecq_task_compact(vecq_index* index, vecq_task** task, vecq_error* error);
vecq_status vecq_task_check(const vecq_index* index, int32_t deep, vecq_task** task,
                            vecq_error* error);
void vecq_task_close(vecq_task* task);

vecq_status vecq_task_step(vecq_task* task, size_t* done, size_t* total, vecq_error* error);

typedef struct {
    size_t struct_size;
    uint64_t bytes; /* of the file */
    double pause;   /* for how many seconds whoever changes the index had to wait */
} vecq_saved;

vecq_status vecq_task_saved(const vecq_task* task, vecq_saved* saved, vecq_error* error);

/* What a check found so far: how many problems, and the first `room` of those that it lists. */
vecq_status vecq_task_problems(const vecq_task* task, vecq_problem* problems, size_t room,
                               size_t* listed, size_t* count, vecq_error* error);

/* [/cdef] */

#ifdef __cplusplus
}
#endif

#endif
