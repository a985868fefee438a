#include "index/store.hpp"

#include <vector>

#include "index/coding.hpp"
#include "index/permute.hpp"

namespace vecq {
namespace {

// Values that came before so many count half as much.
constexpr double kLately = 1 << 20;

}  // namespace

void Store::reserve(size_t count) {
    codes_.reserve(count * codec_->row_bytes());
    constants_.reserve(count);
}

void Store::fit(const float* sample, size_t count) {
    auto anew = std::make_unique<Codec>(given_);
    anew->fit(sample, count);
    std::unique_ptr<const Codec> fitted = std::move(anew);
    std::swap(codec_, fitted);
    if (!before_) before_ = std::move(fitted);
    values_ = beyond_ = beyond_when_fitted_ = 0;
    if (codec_->options().scale != Scale::global) return;
    Store trial = like();
    trial.append(sample, count, 0, 0);
    beyond_when_fitted_ = trial.clipped().lately;
}

void Store::note_clipped(std::span<const uint64_t> clipped, size_t count) {
    if (values_ > kLately) {
        values_ /= 2;
        beyond_ /= 2;
    }
    values_ += static_cast<double>(count * clipped.size());
    for (const uint64_t one : clipped) beyond_ += static_cast<double>(one);
}

Store::Clipped Store::clipped() const {
    return {values_ == 0 ? 0 : beyond_ / values_, beyond_when_fitted_};
}

void Store::append(const float* vectors, size_t count, size_t number, size_t threads) {
    const size_t first = size(), bytes = codec_->row_bytes();
    try {
        codes_.resize((first + count) * bytes);
        constants_.resize(first + count);
        std::vector<uint64_t> clipped(codec_->dim());
        encode_rows(*codec_, vectors, count, number, threads, codes_.data() + first * bytes,
                    constants_.data() + first, clipped.data());
        note_clipped(clipped, count);
    } catch (...) {
        codes_.resize(first * bytes);
        constants_.resize(first);
        throw;
    }
}

Store Store::like() const {
    Store other(given_);
    other.codec_ = std::make_unique<Codec>(*codec_);
    return other;
}

void Store::append_from(const Store& other, size_t row) {
    const size_t last = size(), bytes = codec_->row_bytes();
    codes_.resize((last + 1) * bytes);
    constants_.resize(last + 1);
    std::memcpy(codes_.data() + last * bytes, other.rows().at(row), bytes);
    constants_[last] = other[row];
}

void Store::swap_rows(Store& other) {
    std::swap(codec_, other.codec_);
    if (!before_) before_ = std::move(other.codec_);
    std::swap(codes_, other.codes_);
    std::swap(constants_, other.constants_);
    std::swap(values_, other.values_);
    std::swap(beyond_, other.beyond_);
    std::swap(beyond_when_fitted_, other.beyond_when_fitted_);
}

void Store::truncate(size_t count) {
    codes_.resize(count * codec_->row_bytes());
    constants_.resize(count);
    if (count == 0 && before_) codec_ = std::move(before_);
}

void Store::permute(size_t first, std::span<const uint32_t> order) {
    const size_t bytes = codec_->row_bytes();
    std::byte* codes = codes_.data() + first * bytes;
    std::vector<std::byte> kept(bytes);
    permute_in_place(
        order, [&](size_t i) { std::memcpy(kept.data(), codes + i * bytes, bytes); },
        [&](size_t to, size_t from) {
            std::memcpy(codes + to * bytes, codes + from * bytes, bytes);
        },
        [&](size_t to) { std::memcpy(codes + to * bytes, kept.data(), bytes); });
    permute_in_place(order, constants_.data() + first);
}

void Store::move_last(size_t to) {
    const size_t last = size() - 1, bytes = codec_->row_bytes();
    std::memcpy(codes_.data() + to * bytes, codes_.data() + last * bytes, bytes);
    constants_[to] = constants_[last];
    codes_.resize(last * bytes);
    constants_.resize(last);
}

void Store::restore(Array<std::byte> codes, Array<RowConstants> constants) {
    codes_ = std::move(codes);
    constants_ = std::move(constants);
}

}  // namespace vecq
