// The rows of one codec: codes, constants and score affines.
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
    // `number` numbers the file sections: 0 for search codes, 1 for rerank codes, 2 for centroids
    // of cells, which are coded like search codes.
    CodeStore(const Codec& codec, Metric metric, size_t number);

    const Codec& codec() const { return *codec_; }
    // The codec given by the caller, which an empty store uses.
    const Codec& given_codec() const { return given_; }
    // Changes whenever the codec is replaced.
    uint64_t codec_version() const { return codec_version_; }
    bool must_fit() const { return codec_->needs_fit() && !codec_->is_fitted(); }
    void fit(const float* sample, size_t count);

    size_t size() const { return constants_.rows(); }
    // The first `count` rows. Later rows may be staged.
    Rows rows(size_t count) const { return {codes_.data(), codes_.element_bytes(), count}; }
    ScoredRows scored(size_t count) const {
        ScoredRows scored{rows(count), codec_->dim(), affine_.data<Affine>()};
        if (has_walk_affine_array()) scored.walk_affine = walk_affine_.data<Affine>();
        if (scans_upper_planes()) scored.scan_affine = scan_affine();
        scored.row_affine = codec_->row_affine();
        return scored;
    }
    const std::byte* codes_of(size_t row) const { return codes_.at(row); }
    const RowConstants& operator[](size_t row) const {
        return constants_.data<RowConstants>()[row];
    }
    const RowConstants* constants() const { return constants_.data<RowConstants>(); }
    const Affine* affine() const { return affine_.data<Affine>(); }
    // Whether walks read one plane of several.
    bool has_planes() const { return planes_of(given_.width()) > 1 && number_ != 1; }
    // Whether walks read affines of their own: in rows if they have room, or in an array.
    bool has_walk_affines() const { return has_planes() || given_.row_affine(); }
    Affine walk_affine(size_t row) const;
    // Whether scans read two of three planes, and the affines for them.
    bool scans_upper_planes() const { return planes_of(given_.width()) > 2 && number_ != 1; }
    const Affine* scan_affine() const { return scan_affine_.data<Affine>(); }

    // Fractions of values beyond the range of a scale shared by all rows: among recent values, and
    // in the sample of the fit. 0 without such a scale.
    struct Clipped {
        double recent, fitted;
    };
    Clipped clipped() const;

    // Encodes vectors behind the last row; errors number them from `number`. Throws for rows whose
    // scores would overflow float32. If it throws, nothing changes.
    void append(const float* vectors, size_t count, size_t number, size_t threads);
    // Returns an empty store with the same codec and its fitted parameters.
    CodeStore like() const;
    // Returns an empty store with the given codec, not fitted, in the row layout for walks.
    CodeStore unfitted() const;
    // Returns an empty store with the same codec and its fitted parameters in the layout for walks.
    CodeStore for_walks() const;
    // Appends a row of a store with the same codec in either layout.
    void append_from(const CodeStore& other, size_t row);
    // Exchanges rows and codecs. Does not fail.
    void swap_rows(CodeStore& other) noexcept;
    // Drops rows from `count` on; an empty store returns to the given codec. Does not fail.
    void truncate(size_t count);

    template <class Self, class Visit>
    static void each_column(Self& self, Visit&& visit) {
        visit(self.affine_);
        visit(self.codes_);
        visit(self.constants_);
        if (self.has_walk_affine_array()) visit(self.walk_affine_);
        if (self.scans_upper_planes()) visit(self.scan_affine_);
    }

private:
    bool has_walk_affine_array() const { return has_planes() && !given_.row_affine(); }
    void set_walk_affine(size_t row, const Affine& affine);
    void derive_walk_affines(size_t first, size_t threads);
    void count_clipped(std::span<const uint64_t> clipped, size_t count);

    Metric metric_;
    size_t number_;
    Codec given_;
    std::unique_ptr<const Codec> codec_;
    std::unique_ptr<const Codec> unfitted_;  // the given codec, while codec_ is a fitted copy
    uint64_t codec_version_ = 0;
    Column codes_, constants_, affine_, walk_affine_, scan_affine_;
    double recent_values_ = 0, recent_clipped_ = 0;
    double clipped_when_fitted_ = 0;  // a fraction
};

}  // namespace vecq
