// Entries that choose the effort of a search.
#include "search/effort.hpp"

#include "abi/arguments.hpp"
#include "abi/fence.hpp"
#include "abi/handles.hpp"

using namespace vecq;

namespace {

RecallCurve checked_curve(const vecq_curve_point* points, size_t count, uint64_t rows) {
    checked(points, "points", count, sizeof *points, "count");
    RecallCurve curve{{}, rows};
    for (size_t i = 0; i < count; ++i) {
        curve.points.push_back({points[i].k, points[i].ef, points[i].recall});
        if (!curve.points.back().is_valid())
            refuse("points", "points has a k or ef of 0, or a recall outside 0 to 1");
    }
    return curve;
}

}  // namespace

vecq_status vecq_curve_ef(const vecq_curve_point* points, size_t count, uint64_t measured_rows,
                          size_t k, double target_recall, uint64_t rows, size_t* ef,
                          vecq_error* error) {
    return fenced(error, [&] {
        *require(ef, "ef") = ef_for_recall(checked_curve(points, count, measured_rows),
                                           checked_range(k, 1, kMaxRows, "k"), target_recall, rows);
    });
}

vecq_status vecq_curve_probes(const vecq_curve_point* points, size_t count, uint64_t measured_rows,
                              size_t k, double target_recall, uint64_t rows, size_t* probes,
                              vecq_error* error) {
    return fenced(error, [&] {
        *require(probes, "probes") =
            probes_for_recall(checked_curve(points, count, measured_rows),
                              checked_range(k, 1, kMaxRows, "k"), target_recall, rows);
    });
}

vecq_status vecq_index_effort(const vecq_index* index, size_t k, double target_recall, size_t* ef,
                              size_t* rerank, vecq_error* error) {
    return fenced(error, [&] {
        require(ef, "ef");
        require(rerank, "rerank");
        const Index& own = require(index, "index")->index;
        checked_range(k, 1, kMaxRows, "k");
        *ef = target_recall == 0 ? own.default_ef(k)
                                 : ef_for_recall(own.curve(), k, target_recall, own.size());
        *rerank = own.rerank_width(k);
    });
}
