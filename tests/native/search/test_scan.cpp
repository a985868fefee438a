// Scans by every kernel of every instruction set, checked against the scores of all rows.
#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <initializer_list>
#include <numeric>
#include <random>
#include <vector>

#include "base/rng.hpp"
#include "check.hpp"
#include "engine/engine.hpp"
#include "rows/scanner.hpp"
#include "indexes.hpp"
#include "samples.hpp"

using namespace vecq;
using samples::Matrix;

namespace {

using List = std::vector<uint32_t>;

// Rows with affines, one-part queries, and the scores of all rows by the scalar engine.
struct Task {
    Width width;
    size_t dim, rows, queries;
    Matrix row_codes, query_codes;
    std::vector<Affine> affine;
    std::vector<EncodedQuery> encoded;
    std::vector<std::vector<float>> scores;

    Task(Width width, size_t dim, size_t rows, size_t queries,
         samples::Pattern pattern = samples::Pattern::random)
        : width(width),
          dim(dim),
          rows(rows),
          queries(queries),
          row_codes(width, dim, rows, pattern, 1),
          query_codes(width, dim, queries, samples::Pattern::random, 2),
          affine(rows) {
        std::mt19937 random(3);
        for (Affine& row_affine : affine)
            row_affine = {static_cast<float>(1 + random() % 3),
                          static_cast<float>(random() % 9) - 4};
        for (size_t q = 0; q < queries; ++q) {
            EncodedQuery query{};
            query.parts[0] = query_codes.query(q);
            query.part_count = 1;
            // Powers of two round nothing.
            query.scale = std::ldexp(1.0F, static_cast<int>(q % 9) - 4);
            query.bias = static_cast<float>(q % 3);
            encoded.push_back(query);
        }
        score_all();
    }

    void score_all() {
        List all(rows);
        std::iota(all.begin(), all.end(), 0);
        scores.assign(queries, std::vector<float>(rows));
        for (size_t q = 0; q < queries; ++q)
            (*engines()[0])[width].score(encoded[q], scored(), all, scores[q].data());
    }

    ScoredRows scored() const {
        return {{row_codes.rows(), row_bytes(width, dim), rows}, dim, affine.data()};
    }
    // Relative tolerance: block kernels sum floats in another order.
    float tolerance() const { return width == Width::fp32 || width == Width::fp16 ? 1e-4F : 0; }
};

// Whether `keys` are the best of the listed rows that the filter allows, best first.
bool are_best(const Task& task, size_t q, const std::vector<bool>& listed, const RowFilter* filter,
              size_t wanted, std::span<const Key> keys) {
    const std::vector<float>& scores = task.scores[q];
    std::vector<bool> may = listed;
    std::vector<float> best;
    for (uint32_t row = 0; row < may.size(); ++row) {
        may[row] = may[row] && (filter == nullptr || filter->may_return(row));
        if (may[row]) best.push_back(scores[row]);
    }
    const size_t count = std::min(best.size(), wanted);
    std::partial_sort(best.begin(), best.begin() + static_cast<ptrdiff_t>(count), best.end(),
                      std::greater<>());
    if (keys.size() != count) return false;
    for (size_t i = 0; i < count; ++i) {
        const uint32_t row = node_of(keys[i]);
        const float tolerance = task.tolerance() * (1 + std::fabs(best[i]));
        if (!may[row] || std::fabs(scores[row] - best[i]) > tolerance) return false;
        may[row] = false;  // so that a repeated row fails
    }
    return true;
}

// A filter for all queries, and excluded rows for each.
class RandomFilters {
public:
    RandomFilters(size_t rows, size_t queries) : RandomFilters(half_of(rows), rows, queries) {}

    RandomFilters(const List& allowed, size_t rows, size_t queries)
        : bits_(rows / 64 + 1), rows_(queries), sets_(queries), filters_(queries) {
        for (const uint32_t row : allowed) bits_[row / 64] |= uint64_t{1} << row % 64;
        uint32_t before = 0;
        for (const uint64_t word : bits_) {
            before_.push_back(before);
            before += static_cast<uint32_t>(std::popcount(word));
        }
        std::mt19937 random(4);
        for (size_t q = 0; q < queries; ++q) {
            filters_[q].allowed = bits_.data();
            sets_[q].begin(rows / 4);
            for (size_t i = 0; i < rows / 4 && q % 4 != 0; ++i) {
                const auto row = static_cast<uint32_t>(random() % rows);
                if (!filters_[q].allows(row)) continue;
                rows_[q].push_back(row);
                sets_[q].insert(row);
            }
            filters_[q].excluded_rows = rows_[q];
        }
    }

    // Returns the filters with or without sets of the excluded rows.
    const RowFilter* filters(bool sets) {
        for (size_t q = 0; q < filters_.size(); ++q)
            filters_[q].excluded = sets && !rows_[q].empty() ? &sets_[q] : nullptr;
        return filters_.data();
    }

    Places places() const { return {bits_.data(), before_.data()}; }

private:
    static List half_of(size_t rows) {
        std::mt19937 random(5);
        List half;
        for (uint32_t row = 0; row < rows; ++row)
            if (random() % 2 == 0) half.push_back(row);
        return half;
    }

    std::vector<uint64_t> bits_;
    List before_;
    std::vector<List> rows_;
    std::vector<RowSet> sets_;
    std::vector<RowFilter> filters_;
};

void check_scan(const Engine& engine, const Task& task, const RowList& list, RandomFilters* filters,
                size_t count, size_t wanted) {
    std::vector<bool> listed(task.rows);
    for (size_t i = 0; i < list.count; ++i) listed[list[i]] = true;
    const bool sets = Scanner::wants_sets(count);
    Scanner scanner(engine[task.width]);
    scanner.begin(std::span(task.encoded).subspan(0, count), task.dim, wanted,
                  filters == nullptr ? nullptr : filters->filters(sets));
    scanner.scan(task.scored(), list);
    const RowFilter* may = filters == nullptr ? nullptr : filters->filters(true);
    for (size_t q = 0; q < count; ++q) {
        const std::span<const Key> found = scanner.finish(q);
        std::vector<Key> keys(found.begin(), found.end());
        std::sort(keys.begin(), keys.end());
        CHECK(are_best(task, q, listed, may == nullptr ? nullptr : may + q, wanted, keys),
              engine.name, int(task.width), task.dim, list.count, list.is_listed(), count, wanted,
              q, filters != nullptr);
    }
}

List every_other(size_t rows) {
    List list;
    for (uint32_t row = 0; row < rows; row += 1 + row % 2) list.push_back(row);
    return list;
}

void skip_missing() {
    for (const Engine* engine : engines())
        if (const char* reason = engine->missing()) SKIP(std::string(engine->name) + ": " + reason);
}

template <class Body>
void on_every_engine(Body&& body) {
    for (const Engine* engine : engines())
        if (engine->missing() == nullptr) body(*engine);
}

void check_lists(const Task& task, std::initializer_list<size_t> counts,
                 std::initializer_list<size_t> widths) {
    const List listed = every_other(task.rows);
    RandomFilters filters(task.rows, task.queries),
        filters_of_listed(listed, task.rows, task.queries);
    const RowList all{{}, 0, task.rows}, part{{}, 3, task.rows - 5};
    const RowList apart{listed, 0, listed.size(), 0, filters_of_listed.places()};
    on_every_engine([&](const Engine& engine) {
        for (const RowList& list : {all, part, apart, RowList{{}, 64, 65}, RowList{}})
            for (const size_t count : counts)
                for (const size_t wanted : widths) {
                    check_scan(engine, task, list, nullptr, count, wanted);
                    check_scan(engine, task, list, list.is_listed() ? &filters_of_listed : &filters,
                               count, wanted);
                }
    });
}

void check_width(Width width) {
    skip_missing();
    for (const size_t dim : {1, 70})
        check_lists({width, dim, 131, 40}, {1, 6, 7, 40}, {1, 20, 200});
    check_lists({width, 40, 8300, 8}, {1, 8}, {20});  // enough rows for a sample
}

}  // namespace

TEST(scan_fp32) { check_width(Width::fp32); }
TEST(scan_fp16) { check_width(Width::fp16); }
TEST(scan_int16) { check_width(Width::int16); }
TEST(scan_int8) { check_width(Width::int8); }

// Hidden bits are computed for one stretch of rows at a time.
TEST(scan_covers_several_stretches) {
    skip_missing();
    constexpr size_t kStretches = 2, kRows = (kStretches << 16) + 500;
    const Task task(Width::int8, 4, kRows, 33);
    List all(kRows);
    std::iota(all.begin(), all.end(), 0);
    RandomFilters some(kRows, task.queries), open(all, kRows, task.queries);
    on_every_engine([&](const Engine& engine) {
        for (RandomFilters* filters : {&some, &open})
            check_scan(engine, task, {{}, 3, kRows - 3}, filters, task.queries, 20);
    });
}

// A sample takes every sixteenth row. If these are the best rows, or all rows are equal, the bound
// of the sample rejects too many rows.
TEST(scan_repeats_without_a_misleading_bound) {
    skip_missing();
    for (const int variant : {0, 1, 2}) {
        Task task(Width::int8, 16, 8320, 9,
                  variant == 2 ? samples::Pattern::zero : samples::Pattern::random);
        for (size_t r = 0; r < task.rows; ++r)
            task.affine[r] = {1, variant == 2                      ? 7.0F
                                 : (r % 16 == 0) == (variant == 0) ? 1e7F
                                                                   : -1e7F};
        for (EncodedQuery& query : task.encoded) {
            query.scale = 1;
            query.bias = 1;
        }
        task.score_all();
        RandomFilters filters(task.rows, task.queries);
        const RowList all{{}, 0, task.rows};
        on_every_engine([&](const Engine& engine) {
            for (const size_t count : {size_t{2}, task.queries})
                for (RandomFilters* some : {static_cast<RandomFilters*>(nullptr), &filters})
                    check_scan(engine, task, all, some, count, 300);
        });
    }
}

// Queries with tiny scales: ranking scores omit the scale, and must not overflow.
TEST(scan_of_tiny_queries_finds_the_best) {
    skip_missing();
    for (const size_t rows : {size_t{500}, size_t{9000}}) {
        Task task(Width::int8, 16, rows, 9);
        for (size_t r = 0; r < rows; ++r)
            task.affine[r].c = r % 100 == 99 ? 0 : -static_cast<float>(1 + r % 100) * 1e3F;
        for (size_t q = 0; q < task.queries; ++q) {
            task.encoded[q].scale = q % 4 == 0 ? 0 : std::ldexp(1.0F, -100 - static_cast<int>(q));
            task.encoded[q].bias = 1;
        }
        task.score_all();
        on_every_engine([&](const Engine& engine) {
            for (const size_t wanted : {size_t{3}, rows / 200, rows / 10})
                check_scan(engine, task, {{}, 0, rows}, nullptr, task.queries, wanted);
        });
    }
}

// Returns the best keys of query q from a scan of a group, over `parts` parts of the rows.
std::vector<Key> kept_keys(const Engine& engine, const Task& task,
                           std::span<const EncodedQuery> group, size_t q, size_t parts,
                           size_t wanted, const RowFilter* filters) {
    std::vector<Key> keys;
    for (size_t part = 0; part < parts; ++part) {
        Scanner scanner(engine[task.width]);
        scanner.begin(group, task.dim, wanted, filters);
        const RowList all{{}, 0, task.rows};
        scanner.scan(task.scored(),
                     all.part(task.rows * part / parts, task.rows * (part + 1) / parts));
        const std::span<const Key> found = scanner.finish(q);
        keys.insert(keys.end(), found.begin(), found.end());
    }
    std::sort(keys.begin(), keys.end());
    keys.resize(std::min(keys.size(), wanted));
    return keys;
}

// Scores round and many are equal: a path that rounds differently, or breaks ties differently,
// keeps other rows.
TEST(scan_results_depend_on_the_query_alone) {
    skip_missing();
    for (const Width width : {Width::int16, Width::int8})
        for (const size_t rows : {1000, 9000})
            for (const float bias : {0.0F, 1.0F, 0.3F, -0.7F, 2.0F}) {
                if (check::kIsEmulated && rows > 1000 && bias != 0.3F) continue;
                Task task(width, 5, rows, 40);
                std::mt19937 random(7);
                for (Affine& affine : task.affine)
                    affine = {0.1F * static_cast<float>(random() % 3),
                              -1e3F * static_cast<float>(random() % 5)};
                for (size_t q = 0; q < task.queries; ++q) {
                    EncodedQuery& query = task.encoded[q];
                    query.scale = std::pow(10.0F, static_cast<float>(q % 12) - 6);
                    query.bias = bias == 2 ? static_cast<float>(q % 3) : bias;
                    query.offset = -std::pow(30.0F, static_cast<float>(q % 7));
                }
                RandomFilters filters(task.rows, task.queries);
                on_every_engine([&](const Engine& engine) {
                    for (const size_t wanted : {10, 150})
                        for (const size_t q : {0, 5, 11, 34, 39}) {
                            const auto keys = [&](size_t first, size_t count, size_t parts,
                                                  bool is_filtered) {
                                const RowFilter* filter =
                                    is_filtered ? filters.filters(count <= 6) + first : nullptr;
                                return kept_keys(engine, task,
                                                 std::span(task.encoded).subspan(first, count),
                                                 q - first, parts, wanted, filter);
                            };
                            for (const bool is_filtered : {false, true}) {
                                const std::vector<Key> alone = keys(q, 1, 1, is_filtered);
                                CHECK(alone == keys(q, 1, 3, is_filtered), engine.name, q, wanted);
                                for (const size_t parts : {1, 2, 3})
                                    CHECK(alone == keys(0, 40, parts, is_filtered), engine.name,
                                          int(width), rows, bias, wanted, q, parts, is_filtered);
                            }
                        }
                });
            }
}

// Vectors far beyond a global scale are clipped, and the squared norm of a large query leaves few
// bits to distinguish distances.
TEST(scan_answers_do_not_depend_on_threads_or_batches) {
    constexpr size_t kDim = 5, kRows = 2400;
    Random random(1);
    for (const int32_t metric : indexes::kMetrics)
        for (const float far : {1.0F, 100.0F}) {
            const indexes::Codec codec(VECQ_INT8, kDim, VECQ_SCALE_GLOBAL);
            indexes::Index index(
                {sizeof(vecq_index_options), metric, VECQ_LINK_AUTO, 2, 4, 1, nullptr, 0}, codec);
            samples::Vector vectors = samples::random_vector(kRows * kDim, random.next());
            CHECK(index.fit(vectors) == VECQ_OK);
            for (float& value : vectors) value *= far;
            CHECK(index.add(vectors), index.error.message);
            for (const float length : {1.0F, 1e4F, 1e6F, 3e7F}) {
                samples::Vector queries = samples::random_vector(70 * kDim, random.next());
                for (float& value : queries) value *= length;
                for (const size_t k : {1, 10, 100}) {
                    vecq_search_options options = indexes::search_of(k);
                    options.plan = VECQ_PLAN_SCAN;
                    const indexes::Found all = index.search(queries, options);
                    for (const size_t count : {1, 6, 7, 33, 38, 70})
                        for (const size_t threads : {1, 2, 3}) {
                            options.threads = threads;
                            const samples::Vector some(queries.begin(),
                                                       queries.begin() +
                                                           static_cast<ptrdiff_t>(count * kDim));
                            const indexes::Found found = index.search(some, options);
                            CHECK(
                                found.status == VECQ_OK &&
                                    std::equal(found.ids.begin(), found.ids.end(), all.ids.begin()),
                                metric, far, length, k, count, threads);
                        }
                }
            }
        }
}

// A file may hold any affines and codes. The lanes after the last query of a block also score NaN.
TEST(sift_offers_nothing_to_absent_queries) {
    skip_missing();
    constexpr size_t kRows = 24;
    for (const Width width : {Width::fp32, Width::fp16, Width::int16, Width::int8})
        for (const float a : {NAN, INFINITY, -INFINITY, 1.0F}) {
            std::vector<Affine> affine(kRows, {1, 0});
            affine[5] = {a, 0};
            affine[9] = {1, a};
            affine[kRows - 1] = {a, a};
            std::vector<float> dots(kRows * kBlockQueries, a == 1 ? NAN : 0.0F);
            const bool whole = width == Width::int16 || width == Width::int8;
            if (whole) std::fill(dots.begin(), dots.end(), 0.0F);
            List numbers(kRows);
            std::iota(numbers.begin(), numbers.end(), 0);
            for (const float bias : {0.0F, 1.0F}) {
                const std::vector<float> scales(kBlockQueries, 1), biases(kBlockQueries, bias);
                const BlockTerms terms = bias == 0 ? BlockTerms::dots : BlockTerms::unit_biases;
                on_every_engine([&](const Engine& engine) {
                    for (const size_t present : {0, 1, 7, 8, 15, 16, 31, 32}) {
                        std::vector<TopK> best(kBlockQueries);
                        for (TopK& one : best) one.begin(kRows);
                        engine[width].sift({{dots.data(), kRows, affine.data(), scales.data(),
                                             biases.data(), terms, nullptr},
                                            numbers.data(),
                                            std::span(best).first(present)});
                        for (size_t q = 0; q < kBlockQueries; ++q)
                            CHECK(best[q].finish().size() == (q < present ? kRows : 0), engine.name,
                                  int(width), a, bias, present, q);
                    }
                });
            }
        }
}

TEST(row_lists_are_divided_and_sampled) {
    List rows(100);
    for (uint32_t i = 0; i < rows.size(); ++i) rows[i] = 5 + 3 * i;
    const RandomFilters filters(rows, 400, 1);
    const RowList listed{rows, 0, rows.size(), 0, filters.places()}, range{{}, 10, 100};
    CHECK(listed.is_listed() && !range.is_listed() && range.is_contiguous() &&
          RowList{}.count == 0);
    for (const int bits : {0, 1, 4, 7}) {
        const RowList few = listed.sample(bits), less = range.sample(bits);
        CHECK(few.count == size_t{100} >> bits && less.count == few.count, bits);
        for (size_t i = 0; i < few.count; ++i) {
            CHECK(few[i] == rows[i << bits] && less[i] == 10 + (i << bits), bits, i);
            CHECK(less.place_of(less[i]) == i && few.place_of(few[i]) == i, bits, i);
            CHECK(bits == 0 || less.place_of(less[i] + 1) >= less.count, bits, i);
        }
        for (const uint32_t row : {0U, 9U, 110U, 1U << 30, UINT32_MAX})
            CHECK(less.place_of(row) >= less.count, bits, row);
        const RowList cut = few.part(few.count / 3, few.count),
                      same = less.part(less.count / 3, less.count);
        CHECK(cut.count == few.count - few.count / 3 && same.count == cut.count, bits);
        for (size_t i = 0; i < cut.count; ++i)
            CHECK(cut[i] == few[few.count / 3 + i] && same[i] == less[few.count / 3 + i], bits, i);
    }
}
