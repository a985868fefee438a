/* The C ABI as the bindings are measured against it: INDEX QUERIES K SECONDS. Prints the best time
 * of each query, one per call, as a mean over the queries in microseconds, and the queries per
 * second of one thread and of two. The programs in the other languages do the same. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "vecq.h"

enum { kQueries = 500 };

static const vecq_index* index_;
static float* queries;
static size_t dim, k;
static double seconds;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void fail(const vecq_error* error) {
    fprintf(stderr, "%s\n", error->message);
    exit(1);
}

/* Searches one query into new memory, as the other languages do. */
static void search(size_t q) {
    vecq_error error;
    int64_t *ids = malloc(k * sizeof *ids), count;
    float* scores = malloc(k * sizeof *scores);
    vecq_search_options options = {sizeof options};
    vecq_search_report report = {sizeof report};
    options.k = k;
    options.threads = 1;
    options.plan = VECQ_PLAN_WALK;
    if (vecq_index_search(index_, &options, queries + q * dim, 1, ids, scores, &count, &report,
                          &error) != VECQ_OK)
        fail(&error);
    free(ids);
    free(scores);
}

static void pass(void) {
    for (size_t q = 0; q < kQueries; ++q) search(q);
}

static void* passes(void* out) {
    size_t count = 0;
    for (const double end = now() + seconds; now() < end; count += kQueries) pass();
    *(size_t*)out = count;
    return NULL;
}

static double best_mean(void) {
    double best[kQueries], sum = 0;
    for (size_t q = 0; q < kQueries; ++q) best[q] = 1e9;
    for (const double end = now() + seconds; now() < end;)
        for (size_t q = 0; q < kQueries; ++q) {
            const double start = now();
            search(q);
            const double own = now() - start;
            if (own < best[q]) best[q] = own;
        }
    for (size_t q = 0; q < kQueries; ++q) sum += best[q];
    return 1e6 * sum / kQueries;
}

int main(int count, char** arguments) {
    if (count != 5) return 2;
    vecq_error error;
    vecq_index* index;
    vecq_index_description about = {sizeof about};
    if (vecq_index_open_file(arguments[1], 0, &index, &error) != VECQ_OK ||
        vecq_index_describe(index, &about, NULL, NULL, NULL, &error) != VECQ_OK)
        fail(&error);
    index_ = index;
    dim = about.dim;
    k = (size_t)atol(arguments[3]);
    seconds = atof(arguments[4]);
    queries = malloc(kQueries * dim * sizeof *queries);
    FILE* file = fopen(arguments[2], "rb");
    if (file == NULL || fread(queries, dim * sizeof *queries, kQueries, file) != kQueries) return 1;
    fclose(file);
    pass();
    const double best = best_mean();
    size_t alone, both[2];
    passes(&alone);
    pthread_t threads[2];
    for (int i = 0; i < 2; ++i) pthread_create(&threads[i], NULL, passes, &both[i]);
    for (int i = 0; i < 2; ++i) pthread_join(threads[i], NULL);
    printf("%.2f %.0f %.0f\n", best, (double)alone / seconds,
           (double)(both[0] + both[1]) / seconds);
    return 0;
}
