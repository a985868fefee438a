#include "search/each_where.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/status.hpp"
#include "base/vectors.hpp"

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
};

}  // namespace

SearchReport search_each(const IndexState& state, FairSharedMutex& searches,
                         SearcherPool& searchers, const SearchCall& call) {
    std::unordered_map<std::string_view, std::vector<size_t>> groups;
    const auto text_of = [&](size_t query) {
        const char* where = call.options.where[query];
        return where == nullptr ? std::string_view() : where;
    };
    for (size_t query = 0; query < call.count; ++query) groups[text_of(query)].push_back(query);
    std::erase_if(groups, [](const auto& group) { return group.second.size() < kQueriesTogether; });
    if (groups.empty()) return search(state, searches, searchers, call);
    // Parts number their queries differently: errors must name the caller's.
    require_finite(call.queries, call.count * state.dim, state.dim, call.options.first_query,
                   "queries");
    std::vector<size_t> rest;
    for (size_t query = 0; query < call.count; ++query)
        if (!groups.contains(text_of(query))) rest.push_back(query);
    Sum sum;
    for (const auto& [text, queries] : groups)
        sum.add(Part(call, state.dim, queries).search(state, searches, searchers, true),
                queries.size());
    if (!rest.empty())
        sum.add(Part(call, state.dim, rest).search(state, searches, searchers, rest.size() == 1),
                rest.size());
    sum.report.passing = sum.passing / call.count;
    sum.report.plan = 2 * sum.scanned > call.count ? Plan::scan : Plan::walk;
    return sum.report;
}

}  // namespace vecq
