// Appends, fits and exchanges rows of codes.
#include "rows/code_store.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "base/status.hpp"
#include "rows/batch_coding.hpp"

namespace vecq {
namespace {

// Counts of clipped values are halved beyond this many values, so that recent values dominate.
constexpr double kRecentValues = 1 << 20;

}  // namespace

CodeStore::CodeStore(const Codec& codec, Metric metric, size_t number)
    : metric_(metric),
      number_(number),
      given_(codec),
      codec_(std::make_unique<Codec>(codec)),
      codes_({section(Kind::codes, number), codec.row_bytes(), number == 0}),
      constants_({section(Kind::constants, number), sizeof(RowConstants)}),
      affine_({section(Kind::affine, number), sizeof(Affine), number == 0}),
      walk_affine_({section(Kind::walk_affine, number), sizeof(Affine), true}),
      scan_affine_({section(Kind::scan_affine, number), sizeof(Affine), true}) {}

void CodeStore::fit(const float* sample, size_t count) {
    auto copy = std::make_unique<Codec>(given_);
    copy->fit(sample, count);
    std::unique_ptr<const Codec> fitted = std::move(copy);
    std::swap(codec_, fitted);
    ++codec_version_;
    if (!unfitted_) unfitted_ = std::move(fitted);
    recent_values_ = recent_clipped_ = clipped_when_fitted_ = 0;
    if (codec_->options().scale != Scale::global) return;
    CodeStore trial = like();
    trial.append(sample, count, 0, 0);
    clipped_when_fitted_ = trial.clipped().recent;
}

void CodeStore::count_clipped(std::span<const uint64_t> clipped, size_t count) {
    if (recent_values_ > kRecentValues) {
        recent_values_ /= 2;
        recent_clipped_ /= 2;
    }
    recent_values_ += static_cast<double>(count * clipped.size());
    for (const uint64_t values : clipped) recent_clipped_ += static_cast<double>(values);
}

CodeStore::Clipped CodeStore::clipped() const {
    return {recent_values_ == 0 ? 0 : recent_clipped_ / recent_values_, clipped_when_fitted_};
}

void CodeStore::append(const float* vectors, size_t count, size_t number, size_t threads) {
    const size_t first = size();
    const auto resize = [this](size_t rows) {
        each_column(*this, [rows](Column& column) { column.resize(rows); });
    };
    try {
        resize(first + count);
        std::vector<uint64_t> clipped(codec_->dim());
        auto* constants = constants_.data<RowConstants>();
        encode_rows(*codec_, vectors, count, number, threads, codes_.at(first), constants + first,
                    clipped.data());
        for (size_t row = first; row < first + count; ++row)
            affine_.data<Affine>()[row] =
                finite_affine(metric_, constants[row], "vectors", number + row - first);
        derive_walk_affines(first, threads);
        count_clipped(clipped, count);
    } catch (...) {
        resize(first);
        throw;
    }
}

Affine CodeStore::walk_affine(size_t row) const {
    if (const RowAffine place = given_.row_affine()) return place.read(codes_.at(row));
    return (has_planes() ? walk_affine_ : affine_).data<Affine>()[row];
}

void CodeStore::set_walk_affine(size_t row, const Affine& affine) {
    if (const RowAffine place = given_.row_affine())
        place.write(codes_.at(row), affine);
    else if (has_planes())
        walk_affine_.data<Affine>()[row] = affine;
}

void CodeStore::derive_walk_affines(size_t first, size_t threads) {
    const size_t count = size() - first;
    if (!has_planes()) {
        for (size_t row = first; row < size(); ++row) set_walk_affine(row, affine()[row]);
        return;
    }
    std::vector<PlaneFactors> factors(count);
    find_plane_factors(*codec_, {codes_.at(first), constants() + first, count}, threads,
                       factors.data());
    const auto times = [](const Affine& affine, float factor) {
        return Affine{std::min(affine.a * factor, std::numeric_limits<float>::max()), affine.c};
    };
    for (size_t i = 0; i < count; ++i) {
        const Affine& whole = affine()[first + i];
        set_walk_affine(first + i, times(whole, factors[i].upper));
        if (scans_upper_planes())
            scan_affine_.data<Affine>()[first + i] = times(whole, factors[i].upper_two);
    }
}

CodeStore CodeStore::like() const {
    CodeStore other(given_, metric_, number_);
    other.codec_ = std::make_unique<Codec>(*codec_);
    if (unfitted_) other.unfitted_ = std::make_unique<Codec>(*unfitted_);
    return other;
}

CodeStore CodeStore::unfitted() const { return {given_.unfitted().for_walks(), metric_, number_}; }

CodeStore CodeStore::for_walks() const {
    CodeStore other(given_.for_walks(), metric_, number_);
    other.codec_ = std::make_unique<Codec>(codec_->for_walks());
    if (unfitted_) other.unfitted_ = std::make_unique<Codec>(unfitted_->for_walks());
    other.recent_values_ = recent_values_;
    other.recent_clipped_ = recent_clipped_;
    other.clipped_when_fitted_ = clipped_when_fitted_;
    return other;
}

void CodeStore::append_from(const CodeStore& other, size_t row) {
    const size_t last = size();
    affine_.append_from(other.affine_, row);
    codes_.append_from(other.codes_, row);
    constants_.append_from(other.constants_, row);
    if (has_walk_affine_array()) walk_affine_.resize(last + 1);
    if (has_planes() == other.has_planes()) {
        set_walk_affine(last, other.walk_affine(row));
        if (scans_upper_planes()) scan_affine_.append_from(other.scan_affine_, row);
        return;
    }
    split_into_planes(codes_.at(last), codes_.element_bytes());
    derive_walk_affines(last, 1);
}

void CodeStore::swap_rows(CodeStore& other) noexcept {
    std::swap(given_, other.given_);
    std::swap(codec_, other.codec_);
    ++codec_version_;
    std::swap(unfitted_, other.unfitted_);
    codes_.swap_elements(other.codes_);
    constants_.swap_elements(other.constants_);
    affine_.swap_elements(other.affine_);
    walk_affine_.swap_elements(other.walk_affine_);
    scan_affine_.swap_elements(other.scan_affine_);
    std::swap(recent_values_, other.recent_values_);
    std::swap(recent_clipped_, other.recent_clipped_);
    std::swap(clipped_when_fitted_, other.clipped_when_fitted_);
}

void CodeStore::truncate(size_t count) {
    each_column(*this, [count](Column& column) { column.resize(count); });
    if (count > 0 || !unfitted_) return;
    codec_ = std::move(unfitted_);
    ++codec_version_;
}

}  // namespace vecq
