// Chooses and keeps the rows of extreme biases.
#include "rows/bias_extremes.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "kernels/top_k.hpp"

namespace vecq {

void BiasExtremes::enter(uint32_t row, float bias) {
    const bool is_bound = bias > largest_ || bias < smallest_;
    largest_ = std::max(largest_, bias);
    smallest_ = std::min(smallest_, bias);
    if (!is_bound && !is_extreme(bias)) return;
    if (rows_.size() < rows_.capacity())
        rows_.push_back(row);
    else
        is_full_ = true;
}

void BiasExtremes::change(uint32_t row, float before, float after) {
    ++changed_;
    if (is_extreme(before) && is_extreme(after)) {  // the list has the row
        largest_ = std::max(largest_, after);
        smallest_ = std::min(smallest_, after);
        return;
    }
    leave(before);
    enter(row, after);
}

void BiasExtremes::choose(const BiasedAffine* biased, std::span<const uint32_t> rows) {
    clear();
    rows_.reserve(kCapacity);
    known_ = rows.size();
    double sum = 0, squares = 0;
    uint32_t largest = 0, smallest = 0;
    for (const uint32_t row : rows) {
        const double bias = biased[row].bias;
        sum += bias;
        squares += bias * bias;
        if (bias > largest_) largest_ = biased[largest = row].bias;
        if (bias < smallest_) smallest_ = biased[smallest = row].bias;
    }
    // A stored list gives the bounds of all biases.
    if (largest_ > 0) rows_.push_back(largest);
    if (smallest_ < 0) rows_.push_back(smallest);
    const double count = std::max<double>(1, static_cast<double>(rows.size())), mean = sum / count;
    const double reach = kDeviations * std::sqrt(std::max(0.0, squares / count - mean * mean));
    high_ = choose_side(biased, rows, mean + reach, [](float bias) { return bias; });
    low_ = -choose_side(biased, rows, reach - mean, [](float bias) { return -bias; });
}

// Appends the rows of highest rank above `least`. Returns the rank above which no row is left out.
template <class Rank>
float BiasExtremes::choose_side(const BiasedAffine* biased, std::span<const uint32_t> rows,
                                double least, Rank&& rank) {
    TopK best;
    best.begin(kPerSide + 1, static_cast<float>(least));
    for (const uint32_t row : rows)
        if (const float own = rank(biased[row].bias); own >= best.bound())
            best.offer(key_of(own, row));
    const std::span<const Key> kept = best.finish();
    float bound = static_cast<float>(least);
    if (kept.size() > kPerSide) bound = score_of(*std::max_element(kept.begin(), kept.end()));
    for (const Key key : kept)
        if (score_of(key) > bound) rows_.push_back(node_of(key));
    return bound;
}

void BiasExtremes::restore(const BiasedAffine* biased, std::vector<uint32_t> rows) {
    clear();
    rows_ = std::move(rows);
    for (const uint32_t row : rows_) {
        largest_ = std::max(largest_, biased[row].bias);
        smallest_ = std::min(smallest_, biased[row].bias);
    }
    is_full_ = true;
}

}  // namespace vecq
