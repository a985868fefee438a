// The rows whose biases are outliers, such as promoted items, which walks score for every query: a
// graph linked by similarity need not lead to them, and no sample of rows shows them.
//
// The list holds every row whose bias is above `high` or below `low`, and maybe rows that no longer
// do, which cost a little time. `enter` and `leave` keep that true in constant time until the list
// is full, many of its rows have lost their place, or a quarter of all biases have changed, so that
// other rows may be outliers now: then `is_outdated` asks for `choose`.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "base/layout.hpp"

namespace vecq {

class BiasExtremes {
public:
    // Rows of the list. Readers skip rows that hold no item.
    const std::vector<uint32_t>& rows() const { return rows_; }
    // An upper bound of what biases add to scores with this weight.
    float most(float weight) const { return weight * (weight > 0 ? largest_ : smallest_); }

    // A row gets a bias, or loses it. Do not fail.
    void enter(uint32_t row, float bias);
    void leave(float bias) { left_ += is_extreme(bias); }
    void change(uint32_t row, float before, float after);
    bool is_outdated() const {
        return is_full_ || left_ > kPerSide || changed_ > kPerSide + known_ / 4;
    }
    // Chooses the list among the rows of all items.
    void choose(const BiasedAffine* biased, std::span<const uint32_t> rows);
    // Takes a stored list; the next change chooses again.
    void restore(const BiasedAffine* biased, std::vector<uint32_t> rows);
    void clear() { *this = {}; }

private:
    // The most rows of each side when they are chosen, and of a list: enough for promoted items,
    // and few enough to score for every query.
    static constexpr size_t kPerSide = 128, kCapacity = 4 * kPerSide;
    // Outliers lie this many standard deviations from the mean. Of a normal distribution these are
    // 32 per million on each side.
    static constexpr double kDeviations = 4;

    bool is_extreme(float bias) const { return bias > high_ || bias < low_; }
    template <class Rank>
    float choose_side(const BiasedAffine* biased, std::span<const uint32_t> rows, double least,
                      Rank&& rank);

    std::vector<uint32_t> rows_;
    float high_ = 0, low_ = 0;  // a new index: all biases are 0
    float largest_ = 0, smallest_ = 0;
    size_t left_ = 0;  // rows of the list that are extreme no more
    bool is_full_ = false;
    size_t known_ = 0, changed_ = 0;  // rows when the list was chosen, and changes since
};

}  // namespace vecq
