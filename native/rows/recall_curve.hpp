// Recall by beam width, by probes and by rescored candidates, measured by the caller and saved with
// the index.
#pragma once

#include <cstdint>
#include <vector>

namespace vecq {

struct CurvePoint {
    uint64_t k, ef;  // ef: the beam width, or the number of probes or of rescored candidates
    double recall;

    bool is_valid() const { return k > 0 && ef > 0 && recall >= 0 && recall <= 1; }
};

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
