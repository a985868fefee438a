// Rows of codes in memory, with their constants.
#pragma once

#include <memory>
#include <span>

#include "base/array.hpp"
#include "quant/codec.hpp"
#include "quant/rows.hpp"

namespace vecq {

class Store {
public:
    explicit Store(const Codec& codec) : given_(codec), codec_(std::make_unique<Codec>(codec)) {}

    const Codec& codec() const { return *codec_; }
    // What it has as long as it is empty.
    const Codec& given() const { return given_; }
    bool must_fit() const { return codec_->needs_fit() && !codec_->fitted(); }
    // Learns what the codec needs to know, from a sample of what is to come.
    void fit(const float* sample, size_t count);

    size_t size() const { return constants_.size(); }
    Rows rows() const { return rows(size()); }
    // The first so many: others may be on their way.
    Rows rows(size_t count) const { return {codes_.data(), codec_->row_bytes(), count}; }
    const RowConstants& operator[](size_t row) const { return constants_[row]; }
    const RowConstants* constants() const { return constants_.data(); }
    // Of values that lie beyond the range of a scale that all rows share: their share among those that came
    // lately, and when it was fitted. 0 where there is no such scale.
    struct Clipped {
        double lately, fitted;
    };
    Clipped clipped() const;
    // Of each row.
    size_t row_bytes() const { return codec_->row_bytes() + sizeof(RowConstants); }

    void reserve(size_t count);
    // Encodes vectors, of which the first is number `number` of the caller's, behind the last row. On
    // failure nothing changes.
    void append(const float* vectors, size_t count, size_t number, size_t threads);
    // Of the same codec as it was fitted, without rows.
    Store like() const;
    // A row of one that is like this.
    void append_from(const Store& other, size_t row);
    // The rows and fitted codec of another one that was given the same codec.
    void swap_rows(Store& other);
    // An empty store has the codec that it was given. Does not fail.
    void truncate(size_t count);
    // Row first + i becomes what row first + order[i] was.
    void permute(size_t first, std::span<const uint32_t> order);
    // The last row becomes row `to`.
    void move_last(size_t to);
    // Rows that were stored somewhere, coded by this store's codec.
    void restore(Array<std::byte> codes, Array<RowConstants> constants);
    // Moves codes that were restored in place to memory of their own.
    void own_codes() { codes_.own(); }

private:
    void note_clipped(std::span<const uint64_t> clipped, size_t count);

    Codec given_;
    std::unique_ptr<const Codec> codec_;
    std::unique_ptr<const Codec> before_;  // as given, once another one is in its place
    Array<std::byte> codes_;
    Array<RowConstants> constants_;
    double values_ = 0, beyond_ = 0;  // lately
    double beyond_when_fitted_ = 0;   // a share
};

}  // namespace vecq
