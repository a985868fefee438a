#include "search/each_where.hpp"

#include <algorithm>
#include <numeric>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/status.hpp"
#include "base/vectors.hpp"
#include "search/window_scan.hpp"

namespace vecq {
namespace {

// Expressions of at least this many queries are searched for one by one: a scan then scores each
// row for all of them.
constexpr size_t kQueriesTogether = 8;

// Some queries of a call with their exclusions, copied to be contiguous, and their results.
class Part {
public:
    Part(const SearchCall& call, size_t dim, const std::vector<size_t>& numbers)
        : call_(call), numbers_(numbers), options_(call.options) {
        const Exclusions& exclude = call.options.exclude;
        for (const size_t number : numbers) {
            const float* query = call.queries + number * dim;
            queries_.insert(queries_.end(), query, query + dim);
            where_.push_back(call.options.where[number]);
            if (call.options.bias_weights != nullptr)
                weights_.push_back(call.options.bias_weights[number]);
            if (exclude.offsets == nullptr) continue;
            ids_to_exclude_.insert(ids_to_exclude_.end(), exclude.ids + exclude.offsets[number],
                                   exclude.ids + exclude.offsets[number + 1]);
            offsets_.push_back(static_cast<int64_t>(ids_to_exclude_.size()));
        }
        if (exclude.offsets != nullptr)
            options_.exclude = {offsets_.data(), ids_to_exclude_.data()};
        if (call.options.bias_weights != nullptr) options_.bias_weights = weights_.data();
        const size_t k = options_.k, count = numbers.size();
        ids_.resize(count * k);
        scores_.resize(count * k);
        counts_.resize(count);
    }

    // Searches with one expression for all queries, or with one for each.
    SearchReport search(const IndexState& state, FairSharedMutex& searches, SearcherPool& searchers,
                        bool is_shared) {
        const std::span<const char* const> where = where_;
        options_.where = is_shared ? where.subspan(0, where_[0] == nullptr ? 0 : 1) : where;
        const SearchReport report = vecq::search(state, searches, searchers,
                                                 {queries_.data(),
                                                  numbers_.size(),
                                                  options_,
                                                  {ids_.data(), scores_.data(), counts_.data()}});
        write_results();
        return report;
    }

private:
    void write_results() const {
        const size_t k = options_.k;
        for (size_t i = 0; i < numbers_.size(); ++i) {
            std::copy_n(ids_.data() + i * k, k, call_.found.ids + numbers_[i] * k);
            std::copy_n(scores_.data() + i * k, k, call_.found.scores + numbers_[i] * k);
            call_.found.counts[numbers_[i]] = counts_[i];
        }
    }

    const SearchCall& call_;
    const std::vector<size_t>& numbers_;
    SearchOptions options_;
    std::vector<float> queries_, weights_;
    std::vector<const char*> where_;
    std::vector<int64_t> offsets_{0}, ids_to_exclude_;
    std::vector<int64_t> ids_, counts_;
    std::vector<float> scores_;
};

// Adds up the work of parts. Plan and allowed rows are those of most queries and of their mean.
struct Sum {
    SearchReport report = {};
    size_t scanned = 0, passing = 0;

    void add(const SearchReport& part, size_t queries) {
        report.walked.hops += part.walked.hops;
        report.walked.scores += part.walked.scores;
        report.starved += part.starved;
        report.costs = {report.costs.walk + part.costs.walk,
                        report.costs.step_over + part.costs.step_over,
                        report.costs.scan + part.costs.scan};
        passing += part.passing * queries;
        if (part.plan == Plan::scan) scanned += queries;
    }
    SearchReport of(size_t queries) {
        report.passing = passing / queries;
        report.plan = 2 * scanned > queries ? Plan::scan : Plan::walk;
        return report;
    }
};

// Answers queries whose conditions allow runs of an order of rows. Returns the numbers of the
// others.
std::vector<size_t> scan_windows(const IndexState& state, FairSharedMutex& searches,
                                 SearcherPool& searchers, const SearchCall& call, Sum& sum) {
    std::vector<size_t> left(call.count);
    std::iota(left.begin(), left.end(), size_t{0});
    const SearchOptions& options = call.options;
    const bool may_scan = options.plan == Plan::automatic || options.plan == Plan::scan;
    if (!may_scan || options.groups != nullptr) return left;
    WindowScan windows;
    SearchReport report;
    do {
        if (is_cancelled(options.cancelled))
            throw Error(VECQ_CANCELLED, "cancelled", "the search was cancelled");
        const auto lock = searches.read();
        Request request(state, call);
        if (request.passing_count == 0) break;
        request.slice = searches.slice();
        request.slice.end_when(options.cancelled);
        if (options.exclude.offsets != nullptr) state.rows.ids().prepare();
        left = windows.scan(request, searchers, left, report);
    } while (windows.is_interrupted() && left.size() >= WindowScan::kFewestQueries);
    sum.report.walked = report.walked;
    sum.scanned += report.scanned;
    sum.passing += report.own_passing;
    return left;
}

}  // namespace

SearchReport search_each(const IndexState& state, FairSharedMutex& searches,
                         SearcherPool& searchers, const SearchCall& call) {
    Sum sum;
    std::vector<size_t> left(call.count);
    std::iota(left.begin(), left.end(), size_t{0});
    if (call.count >= WindowScan::kFewestQueries)
        left = scan_windows(state, searches, searchers, call, sum);
    std::unordered_map<std::string_view, std::vector<size_t>> groups;
    const auto text_of = [&](size_t query) {
        const char* where = call.options.where[query];
        return where == nullptr ? std::string_view() : where;
    };
    for (const size_t query : left) groups[text_of(query)].push_back(query);
    std::erase_if(groups, [](const auto& group) { return group.second.size() < kQueriesTogether; });
    if (groups.empty() && left.size() == call.count)
        return search(state, searches, searchers, call);
    // Parts number their queries differently: errors must name the caller's.
    if (!left.empty())
        require_finite(call.queries, call.count * state.dim, state.dim, call.options.first_query,
                       "queries");
    std::erase_if(left, [&](size_t query) { return groups.contains(text_of(query)); });
    for (const auto& [text, queries] : groups)
        sum.add(Part(call, state.dim, queries).search(state, searches, searchers, true),
                queries.size());
    if (!left.empty())
        sum.add(Part(call, state.dim, left).search(state, searches, searchers, left.size() == 1),
                left.size());
    return sum.of(call.count);
}

}  // namespace vecq
