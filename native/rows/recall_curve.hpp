// Recall by beam width, by probes and by rescored candidates, measured by the caller and saved with
// the index.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace vecq {

struct CurvePoint {
    uint64_t k, ef;  // ef: the beam width, or the number of probes or of rescored candidates
    double recall;

    bool is_valid() const { return k > 0 && ef > 0 && recall >= 0 && recall <= 1; }
};

// The beam of a walk over the upper plane that recalls what one of k + 100 over int8 rows does:
// .981 of int12 and int8 codes on GloVe, k=1,000, where k + 100 over the plane recall .961.
constexpr size_t plane_beam(size_t k) { return k + k / 4 + 8; }

struct RecallCurve {
    std::vector<CurvePoint> points;
    uint64_t rows = 0;  // number of items when measured
    std::vector<CurvePoint> probes = {};
    std::vector<CurvePoint> rerank_widths = {};  // one for each k, ascending

    // Visits the lists in the order of their section numbers.
    template <class Self, class Visit>
    static void each_list(Self& self, Visit&& visit) {
        visit(self.points);
        visit(self.probes);
        visit(self.rerank_widths);
    }
};

}  // namespace vecq
