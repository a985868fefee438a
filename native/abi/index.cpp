// Entries for indexes: additions, removals, searches, statistics.
#include "abi/arguments.hpp"
#include "abi/bias.hpp"
#include "abi/attributes.hpp"
#include "abi/codec.hpp"
#include "abi/fence.hpp"
#include "abi/handles.hpp"

using namespace vecq;

namespace {

IndexOptions checked_options(const vecq_index_options& given) {
    IndexOptions options;
    options.metric = checked_enum(given.metric, Metric::l2, "metric");
    options.link = checked_enum(given.link, Link::layered, "link");
    if (given.m != 0) options.m = checked_range(given.m, 2, kMaxDegree / 2, "m");
    if (given.ef_construction != 0)
        options.ef_construction =
            checked_range(given.ef_construction, 1, 100'000, "ef_construction");
    options.seed = given.seed;
    options.attributes = checked_attributes(given.attributes, given.attribute_count);
    return options;
}

std::span<const char* const> checked_where(const vecq_search_options& given, size_t count) {
    if (given.where_count > 1 && given.where_count != count)
        refuse("where", "where has " + std::to_string(given.where_count) +
                            " expressions, expected one for all or one for each of " +
                            std::to_string(count) + " queries");
    if (given.where_count > 0) require(given.where, "where");
    if (given.where_count == 1 && given.where[0] == nullptr) return {};
    return {given.where, given.where_count};
}

SearchOptions checked_options(const Index& index, const vecq_search_options& given, size_t count) {
    SearchOptions options;
    options.k = checked_range(given.k, 1, kMaxRows, "k");
    options.ef =
        given.ef == 0 ? index.default_ef(options.k) : checked_range(given.ef, 1, kMaxRows, "ef");
    options.rerank = checked_range(given.rerank, 0, kMaxRows, "rerank");
    if (options.rerank != 0 && options.rerank < options.k)
        refuse("rerank",
               "rerank is " + std::to_string(options.rerank) + ", expected 0, or at least k");
    options.query_bits =
        checked_query_bits(given.query_bits == 0 ? kDefaultQueryBits : given.query_bits);
    options.threads = given.threads;
    options.plan = checked_enum(given.plan, Plan::probe, "plan");
    options.probes = checked_range(given.probes, 0, kMaxRows, "probes");
    if (given.filter != nullptr) {
        options.filter = given.filter->filter.get();
        if (!index.owns(*options.filter)) refuse("filter", "filter belongs to another index");
    }
    options.first_query = given.first_query;
    options.cancelled = given.cancelled;
    options.exclude = checked_exclusions(given.exclude_offsets, given.exclude_ids, count);
    if (given.groups != nullptr) options.groups = &given.groups->groups;
    if (given.per_group != 0)
        options.per_group = checked_range(given.per_group, 1, kMaxRows, "per_group");
    if (!(given.diversity >= 0 && given.diversity <= 1))
        refuse("diversity",
               "diversity is " + std::to_string(given.diversity) + ", expected 0 to 1");
    options.diversity = given.diversity;
    options.candidates = checked_range(given.candidates, 0, kMaxRows, "candidates");
    if (options.rerank != 0) options.rerank = std::max(options.rerank, options.ranked());
    options.bias_weights = given.bias_weights;
    if (given.bias_weights != nullptr) require_biases(given.bias_weights, count, "bias_weights");
    options.where = checked_where(given, count);
    if (options.plan == Plan::probe && options.where.size() > 1)
        refuse("plan", "plan probe takes one condition for all queries, not one for each");
    return options;
}

std::vector<CurvePoint> points_of(const vecq_curve_point* points, size_t count) {
    std::vector<CurvePoint> own;
    for (size_t i = 0; i < count; ++i) own.push_back({points[i].k, points[i].ef, points[i].recall});
    return own;
}

void write_points(std::span<const CurvePoint> own, vecq_curve_point* points, size_t capacity) {
    for (size_t i = 0; i < std::min(capacity, own.size()); ++i)
        points[i] = {own[i].k, own[i].ef, own[i].recall};
}

// A list of points besides that of walks, which comes first and has the number of rows.
using CurveList = std::vector<CurvePoint> RecallCurve::*;

vecq_status set_list(vecq_index* index, CurveList list, const vecq_curve_point* points,
                     size_t count, vecq_error* error) {
    return fenced(error, [&] {
        checked(points, "points", count, sizeof *points, "count");
        RecallCurve own = require(index, "index")->index.curve();
        own.*list = points_of(points, count);
        index->index.set_curve(std::move(own));
    });
}

vecq_status copy_list(const vecq_index* index, CurveList list, vecq_curve_point* points,
                      size_t capacity, size_t* count, vecq_error* error) {
    return fenced(error, [&] {
        checked(points, "points", capacity, sizeof *points, "capacity");
        const RecallCurve own = require(index, "index")->index.curve();
        *require(count, "count") = (own.*list).size();
        write_points(own.*list, points, capacity);
    });
}

}  // namespace

vecq_status vecq_index_open(const vecq_index_options* options, const vecq_codec* codec,
                            const vecq_codec* rerank_codec, vecq_index** index, vecq_error* error) {
    return fenced(error, [&] {
        require(index, "index");
        const Codec& own = require(codec, "codec")->codec;
        if (rerank_codec != nullptr && rerank_codec->codec.dim() != own.dim())
            refuse("rerank_codec", "rerank_codec has another dim than codec");
        *index = new vecq_index(checked_options(read_struct(options, "options")), own.for_walks(),
                                rerank_codec == nullptr ? nullptr : &rerank_codec->codec);
    });
}

void vecq_index_close(vecq_index* index) { delete index; }

vecq_status vecq_index_size(const vecq_index* index, size_t* size, vecq_error* error) {
    return fenced(error, [&] { *require(size, "size") = require(index, "index")->index.size(); });
}

vecq_status vecq_index_reserve(vecq_index* index, size_t rows, vecq_error* error) {
    return fenced(error, [&] {
        require(index, "index")->index.reserve(checked_range(rows, 0, kMaxRows, "rows"));
    });
}

vecq_status vecq_index_fit(vecq_index* index, const float* sample, size_t count,
                           vecq_error* error) {
    return fenced(error, [&] {
        Index& own = require(index, "index")->index;
        own.fit(checked(sample, "sample", count, own.dim() * sizeof *sample, "count"), count);
    });
}

vecq_status vecq_index_sample_users(vecq_index* index, const float* users, size_t count,
                                    size_t first_row, vecq_error* error) {
    return fenced(error, [&] {
        Index& own = require(index, "index")->index;
        checked(users, "users", count, own.dim() * sizeof *users, "count");
        own.sample_users(users, count, first_row);
    });
}

vecq_status vecq_index_stage(vecq_index* index, const float* vectors, size_t count,
                             const int64_t* ids, size_t first_row, size_t threads,
                             vecq_error* error) {
    return fenced(error, [&] {
        Index& own = require(index, "index")->index;
        checked(vectors, "vectors", count, own.dim() * sizeof *vectors, "count");
        own.stage(vectors, count, ids, false, first_row, threads);
    });
}

vecq_status vecq_index_stage_updates(vecq_index* index, const float* vectors, size_t count,
                                     const int64_t* ids, size_t first_row, size_t threads,
                                     vecq_error* error) {
    return fenced(error, [&] {
        Index& own = require(index, "index")->index;
        checked(vectors, "vectors", count, own.dim() * sizeof *vectors, "count");
        checked(ids, "ids", count, sizeof *ids, "count");
        own.stage(vectors, count, ids, true, first_row, threads);
    });
}

vecq_status vecq_index_remove(vecq_index* index, const int64_t* ids, size_t count,
                              vecq_error* error) {
    return fenced(error, [&] {
        Index& own = require(index, "index")->index;
        own.remove(checked(ids, "ids", count, sizeof *ids, "count"), count);
    });
}

vecq_status vecq_index_contains(const vecq_index* index, const int64_t* ids, size_t count,
                                uint8_t* contains, vecq_error* error) {
    return fenced(error, [&] {
        const Index& own = require(index, "index")->index;
        checked(ids, "ids", count, sizeof *ids, "count");
        own.contains(ids, count, checked(contains, "contains", count, sizeof *contains, "count"));
    });
}

vecq_status vecq_index_choose_build(vecq_index* index, int32_t build, vecq_error* error) {
    return fenced(error, [&] {
        Index& own = require(index, "index")->index;
        own.choose_build(checked_enum(build, BuildMethod::incremental, "build"));
    });
}

vecq_status vecq_index_link(vecq_index* index, size_t rows, size_t threads, size_t* done,
                            size_t* total, vecq_error* error) {
    return fenced(error, [&] {
        require(done, "done");
        require(total, "total");
        const Progress progress = require(index, "index")->index.link(rows, threads);
        *done = progress.done;
        *total = progress.total;
    });
}

vecq_status vecq_index_settle(vecq_index* index, vecq_error* error) {
    return fenced(error, [&] { require(index, "index")->index.settle(); });
}

vecq_status vecq_index_repair(vecq_index* index, size_t threads, size_t* done, size_t* total,
                              vecq_error* error) {
    return fenced(error, [&] {
        require(done, "done");
        require(total, "total");
        const Progress progress = require(index, "index")->index.repair(threads);
        *done = progress.done;
        *total = progress.total;
    });
}

void vecq_index_end_addition(vecq_index* index) {
    fenced(nullptr, [&] {
        if (index != nullptr) index->index.end_addition();
    });
}

vecq_status vecq_index_add_few(vecq_index* index, const float* vectors, size_t count,
                               const int64_t* ids, int32_t upsert, int32_t* added,
                               vecq_error* error) {
    return fenced(error, [&] {
        Index& own = require(index, "index")->index;
        checked(vectors, "vectors", count, own.dim() * sizeof *vectors, "count");
        if (upsert != 0) checked(ids, "ids", count, sizeof *ids, "count");
        *require(added, "added") = own.add_few(vectors, count, ids, upsert != 0) ? 1 : 0;
    });
}

vecq_status vecq_index_search(const vecq_index* index, const vecq_search_options* options,
                              const float* queries, size_t count, int64_t* ids, float* scores,
                              int64_t* counts, vecq_search_report* report, vecq_error* error) {
    return fenced(error, [&] {
        const Index& own = require(index, "index")->index;
        const vecq_search_options given = read_struct(options, "options");
        if (report != nullptr) checked_struct_size(report, "report");
        checked(queries, "queries", count, own.dim() * sizeof *queries, "count");
        const SearchOptions checked_search = checked_options(own, given, count);
        check_size(count, checked_search.k * sizeof *ids, "count");
        if (count == 0) {
            for (const char* where : checked_search.where) own.check_where(where);
            return;
        }
        const Found found{require(ids, "ids"), require(scores, "scores"),
                          require(counts, "counts")};
        const SearchReport all = own.search(queries, count, checked_search, found);
        if (report == nullptr) return;
        write_struct(report,
                     {sizeof *report, all.walked.hops, all.walked.scores,
                      static_cast<int32_t>(all.plan), 0, all.passing, all.starved, all.costs.walk,
                      all.costs.step_over, all.costs.scan, all.costs.probe},
                     "report");
    });
}

vecq_status vecq_index_get(const vecq_index* index, const int64_t* ids, size_t count,
                           float* vectors, vecq_error* error) {
    return fenced(error, [&] {
        const Index& own = require(index, "index")->index;
        checked(ids, "ids", count, sizeof *ids, "count");
        checked(vectors, "vectors", count, own.dim() * sizeof *vectors, "count");
        own.get(ids, count, vectors);
    });
}

vecq_status vecq_index_set_curve(vecq_index* index, const vecq_curve_point* points, size_t count,
                                 uint64_t rows, vecq_error* error) {
    return fenced(error, [&] {
        checked(points, "points", count, sizeof *points, "count");
        require(index, "index")->index.set_curve({points_of(points, count), rows});
    });
}

vecq_status vecq_index_curve(const vecq_index* index, vecq_curve_point* points, size_t capacity,
                             size_t* count, uint64_t* rows, vecq_error* error) {
    return fenced(error, [&] {
        checked(points, "points", capacity, sizeof *points, "capacity");
        const RecallCurve own = require(index, "index")->index.curve();
        *require(count, "count") = own.points.size();
        *require(rows, "rows") = own.rows;
        write_points(own.points, points, capacity);
    });
}

vecq_status vecq_index_set_probe_curve(vecq_index* index, const vecq_curve_point* points,
                                       size_t count, vecq_error* error) {
    return set_list(index, &RecallCurve::probes, points, count, error);
}

vecq_status vecq_index_probe_curve(const vecq_index* index, vecq_curve_point* points,
                                   size_t capacity, size_t* count, vecq_error* error) {
    return copy_list(index, &RecallCurve::probes, points, capacity, count, error);
}

vecq_status vecq_index_set_rerank_widths(vecq_index* index, const vecq_curve_point* points,
                                         size_t count, vecq_error* error) {
    return set_list(index, &RecallCurve::rerank_widths, points, count, error);
}

vecq_status vecq_index_rerank_widths(const vecq_index* index, vecq_curve_point* points,
                                     size_t capacity, size_t* count, vecq_error* error) {
    return copy_list(index, &RecallCurve::rerank_widths, points, capacity, count, error);
}

vecq_status vecq_index_ids(const vecq_index* index, int64_t* ids, size_t capacity, size_t* count,
                           vecq_error* error) {
    return fenced(error, [&] {
        checked(ids, "ids", capacity, sizeof *ids, "capacity");
        *require(count, "count") = require(index, "index")->index.list_ids(ids, capacity);
    });
}

vecq_status vecq_index_get_clipped(const vecq_index* index, vecq_clipped* clipped,
                                   vecq_error* error) {
    return fenced(error, [&] {
        const CodeStore::Clipped found = require(index, "index")->index.clipped();
        write_struct(clipped, {sizeof *clipped, found.recent, found.fitted}, "clipped");
    });
}

vecq_status vecq_index_get_stats(const vecq_index* index, vecq_index_stats* stats,
                                 vecq_error* error) {
    return fenced(error, [&] {
        checked_struct_size(stats, "stats");
        const IndexStats own = require(index, "index")->index.stats();
        vecq_index_stats out{};
        out.rows = own.rows;
        out.layers = own.layer_rows.size();
        std::copy(own.layer_rows.begin(), own.layer_rows.end(), out.layer_rows);
        std::copy(own.degrees.begin(), own.degrees.end(), out.degrees);
        out.unreachable = own.unreachable;
        out.kept_out = own.near_zero;
        out.free_slots = own.vacant;
        out.code_bytes = own.code_bytes;
        out.link_bytes = own.link_bytes;
        out.id_bytes = own.id_bytes;
        out.rerank_bytes = own.rerank_bytes;
        out.attribute_bytes = own.attribute_bytes;
        out.cells = own.cells;
        out.cell_bytes = own.cell_bytes;
        write_struct(stats, out, "stats");
    });
}
