// Recall by beam width, and by probes, measured by the caller and saved with the index.
#pragma once

#include <cstdint>
#include <vector>

namespace vecq {

struct CurvePoint {
    uint64_t k, ef;  // ef: the beam width, or the number of probes
    double recall;

    bool is_valid() const { return k > 0 && ef > 0 && recall >= 0 && recall <= 1; }
};

struct RecallCurve {
    std::vector<CurvePoint> points;
    uint64_t rows = 0;  // number of items when measured
    std::vector<CurvePoint> probes = {};
};

}  // namespace vecq
