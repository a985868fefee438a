// The loop over the slices of a call.
#include "search/search.hpp"

#include <utility>

#include "base/status.hpp"
#include "search/bias_effort.hpp"
#include "search/graph_search.hpp"
#include "search/probe_search.hpp"
#include "search/scan_search.hpp"

namespace vecq {
namespace {

// Writes empty results for the rest of a call when no row is allowed. Still validates queries.
void answer_nothing(const Request& request, Pending& pending) {
    const size_t dim = request.state.dim;
    pending.unfinished.push_back({pending.next, request.call.count - pending.next});
    for (const auto [first, count] : pending.unfinished) {
        require_finite(request.query(first), count * dim, dim, request.number_of(first), "queries");
        deliver_nothing(request.call, first, count);
    }
    pending = {{}, request.call.count};
}

// Chooses the plan of a call, in its first slice.
void choose_plan(Request& request, SearcherPool& searchers, SearchReport& report) {
    report.passing = request.passing_count;
    report.plan = Plan::scan;
    if (request.passing_count == 0) return;
    if (request.has_own_filters()) {
        report.plan = request.plan;  // tasks decide for each query
        return;
    }
    if (request.plan == Plan::automatic)
        report.beam_factor = beam_factor_for_biases(request, searchers);
    request.widen(report.beam_factor);
    report.costs = costs_of(request.state.costs, request.question());
    report.plan = request.plan == Plan::automatic ? cheapest(report.costs) : request.plan;
}

// Cells may be dropped between the slices of a call.
void require_cells(const Request& request, Plan plan) {
    if ((plan != Plan::probe && request.plan != Plan::probe) || request.probes > 0) return;
    refuse("plan",
           "plan probe scans cells, and the index has none: call partition() first; refit and "
           "compact drop them");
}

// A call whose item biases or groups may take more than the plan foresees walks for a few queries
// first.
size_t pilot_queries(const Request& request, const SearchReport& report) {
    constexpr size_t kPilotQueries = 8, kFewestPerPilotQuery = 8;
    const bool is_open = request.may_change_plan() && report.plan == Plan::walk;
    return is_open && request.call.count >= kPilotQueries * kFewestPerPilotQuery ? kPilotQueries
                                                                                 : 0;
}

// Chooses the plan again after the pilot queries.
void reconsider_plan(const Request& request, size_t answered, SearchReport& report) {
    const auto share = static_cast<double>(request.call.count) / static_cast<double>(answered);
    const auto walkers = static_cast<double>(request.question().walkers);
    report.costs.walk += share * report.deeper_cost / walkers;
    report.plan = cheapest(report.costs);
}

// Reports the plan of most queries, and the mean of their allowed rows.
void describe_own_filters(const SearchCall& call, SearchReport& report) {
    if (report.plan == Plan::automatic)
        report.plan = 2 * report.scanned > call.count ? Plan::scan : Plan::walk;
    report.passing = report.own_passing / call.count;
}

}  // namespace

SearchReport search(const IndexState& state, FairSharedMutex& searches, SearcherPool& searchers,
                    const SearchCall& call) {
    SearchReport report;
    Pending pending;
    bool is_first = true;
    size_t pilot = 0;
    do {
        if (is_cancelled(call.options.cancelled))
            throw Error(VECQ_CANCELLED, "cancelled", "the search was cancelled");
        // Keeps nothing across slices: rows, filters, ids and codecs may have changed.
        const auto lock = searches.read();
        Request request(state, call);
        require_cells(request, report.plan);
        if (call.count > 1) request.slice = searches.slice();
        request.slice.end_when(call.options.cancelled);
        if (std::exchange(is_first, false)) {
            choose_plan(request, searchers, report);
            pilot = pilot_queries(request, report);
            if (pilot > 0) request.end = pilot;
        } else {
            request.widen(report.beam_factor);
            // Scans do not resume unfinished ranges.
            if (std::exchange(pilot, 0) > 0 && pending.next > 0 && pending.unfinished.empty())
                reconsider_plan(request, pending.next, report);
        }
        request.plan = report.plan;
        if (call.options.exclude.offsets != nullptr) state.rows.ids().prepare();
        if (request.passing_count == 0)
            answer_nothing(request, pending);
        else if (request.plan == Plan::scan && !request.has_own_filters())
            scan_rows(request, searchers, pending, report);
        else if (request.plan == Plan::probe)
            probe_cells(request, searchers, pending, report);
        else
            walk_graph(request, searchers, pending, report);
    } while (!pending.is_empty(call.count));
    if (call.options.where.size() > 1) describe_own_filters(call, report);
    return report;
}

}  // namespace vecq
