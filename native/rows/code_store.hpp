// Rows of codes of one codec: the codes, the constants of each row and its affine for scores.
#pragma once

#include <memory>
#include <span>

#include "engine/jobs.hpp"
#include "quant/codec.hpp"
#include "quant/rows.hpp"
#include "rows/column.hpp"

namespace vecq {

class CodeStore {
public:
    // `number` tells its sections from those of other stores: 0 for walked codes, 1 for rerank
    // codes.
    CodeStore(const Codec& codec, Metric metric, size_t number);

    const Codec& codec() const { return *codec_; }
    // The codec as the caller gave it, which an empty store has.
    const Codec& given_codec() const { return given_; }
    // Changes whenever `codec` becomes another object.
    uint64_t codec_version() const { return codec_version_; }
    bool must_fit() const { return codec_->needs_fit() && !codec_->is_fitted(); }
    void fit(const float* sample, size_t count);

    size_t size() const { return constants_.rows(); }
    // The first `count` rows: rows behind them may be under way.
    Rows rows(size_t count) const { return {codes_.data(), codes_.element_bytes(), count}; }
    ScoredRows scored(size_t count) const { return {rows(count), affine_.data<Affine>()}; }
    const std::byte* codes_of(size_t row) const { return codes_.at(row); }
    const RowConstants& operator[](size_t row) const {
        return constants_.data<RowConstants>()[row];
    }
    const RowConstants* constants() const { return constants_.data<RowConstants>(); }
    const Affine* affine() const { return affine_.data<Affine>(); }

    // The fraction of values beyond the range of a scale that all rows share, among recent values
    // and when the scale was fitted; 0 without such a scale.
    struct Clipped {
        double recent, fitted;
    };
    Clipped clipped() const;

    // Encodes vectors behind the last row; errors number them from `number`. If it fails, nothing
    // changes. Refuses rows whose scores would leave float32.
    void append(const float* vectors, size_t count, size_t number, size_t threads);
    // An empty store of the same codec, fitted as this one is.
    CodeStore like() const;
    // An empty store with the codec as given, not fitted.
    CodeStore unfitted() const;
    // Exchanges rows and fitted codec with another store of the same given codec. Does not fail.
    void swap_rows(CodeStore& other) noexcept;
    // An empty store has the codec that was given. Does not fail.
    void truncate(size_t count);

    template <class Self, class Visit>
    static void each_column(Self& self, Visit&& visit) {
        visit(self.affine_);
        visit(self.codes_);
        visit(self.constants_);
    }

private:
    void count_clipped(std::span<const uint64_t> clipped, size_t count);

    Metric metric_;
    size_t number_;
    Codec given_;
    std::unique_ptr<const Codec> codec_;
    std::unique_ptr<const Codec> unfitted_;  // the codec as given, while codec_ is a fitted copy
    uint64_t codec_version_ = 0;
    Column codes_, constants_, affine_;
    double recent_values_ = 0, recent_clipped_ = 0;
    double clipped_when_fitted_ = 0;  // a fraction
};

}  // namespace vecq
