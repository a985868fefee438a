// Scans rows for a group of queries: encode > filter > score by the high byte > rescore the best.
// The index and brute-force search share this path.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/pool.hpp"
#include "search/searcher.hpp"

namespace vecq {

// Number of rows to rescore: the best k by both bytes are among that many best by the high byte.
constexpr size_t scan_candidates(size_t k) { return k + k / 4 + 32; }

// The inputs of a scan and the number of rows to keep.
struct ScanSpec {
    const Kernels& kernels;
    ScoredRows scored;
    RowList rows;
    size_t dim;
    const float* queries;
    size_t first_number;      // errors number queries from this
    const uint64_t* allowed;  // one bit per row; null: all
    Exclusions exclude;
    size_t candidates, wanted;  // number of rows to keep before and after rescoring
};

class GroupScan {
public:
    // `own` is the searcher of the calling thread. Both arguments must outlive the group.
    GroupScan(const ScanSpec& spec, Searcher& own) : spec_(spec), own_(own) {}

    // Scans for `count` queries from number `first` on. `parts` threads scan a part of the rows
    // each. find(id) returns the row of an id, or kNoRow.
    template <class Find>
    void scan(size_t first, size_t count, size_t parts, Find&& find) {
        scan(first, count, parts, find, [] {});
    }

    // The same; calls prepare() once the searcher holds the encoded queries.
    template <class Find, class Prepare>
    void scan(size_t first, size_t count, size_t parts, Find&& find, Prepare&& prepare) {
        own_.encode(spec_.queries + first * spec_.dim, spec_.dim, spec_.first_number + first,
                    count);
        prepare();
        const RowFilter* filters =
            own_.filters.set(find, spec_.allowed, spec_.exclude, first, count);
        if (filters != nullptr && Scanner::wants_sets(count)) own_.filters.make_sets();
        scan_encoded(own_.coarse, filters, parts);
    }

    // The same for encoded queries.
    void scan_encoded(std::span<const EncodedQuery> coarse, const RowFilter* filters,
                      size_t parts) {
        while (others_.size() + 1 < parts)
            others_.push_back(std::make_unique<Scanner>(spec_.kernels));
        const size_t rows = spec_.rows.count;
        parallel_for(parts, parts, [&](size_t part, size_t) {
            Scanner& scanner = part == 0 ? own_.scanner : *others_[part - 1];
            scanner.begin(coarse, spec_.dim, spec_.candidates, filters);
            scanner.scan(spec_.scored,
                         spec_.rows.part(rows * part / parts, rows * (part + 1) / parts));
        });
    }

    // Writes the best rows of query `i`, rescored with `query` and sorted, to `to`.keys.
    // Thread-safe for different queries.
    void take(size_t i, const EncodedQuery& query, Searcher& to) {
        const std::span<const Key> first = own_.scanner.finish(i);
        to.keys.assign(first.begin(), first.end());
        for (const std::unique_ptr<Scanner>& other : others_) {
            const std::span<const Key> more = other->finish(i);
            to.keys.insert(to.keys.end(), more.begin(), more.end());
        }
        keep_least(std::span(to.keys), spec_.candidates);
        to.keys.resize(std::min(to.keys.size(), spec_.candidates));
        to.rescore(spec_.kernels, spec_.scored, query, spec_.wanted);
    }

private:
    const ScanSpec spec_;
    Searcher& own_;
    std::vector<std::unique_ptr<Scanner>> others_;
};

}  // namespace vecq
