// The measure that rows are linked by, as an affine map of the same dot product that searches use.
#pragma once

#include "engine/jobs.hpp"
#include "rows/index_options.hpp"

namespace vecq {

class LinkMetric {
public:
    // Resolves Link::automatic. Refuses combinations that codes cannot express.
    LinkMetric(const IndexOptions& options, const Codec& codec);

    Link link() const { return link_; }
    // An inner-product graph has one layer and is entered at the longest rows, unless it is
    // layered.
    bool is_flat() const { return metric_ == Metric::ip && link_ != Link::layered; }
    // Whether links need an affine of their own beside that of scores.
    bool has_affine() const {
        return link_ == Link::automatic || (is_flat() && link_ != Link::metric);
    }
    // Finite for every row: near-zero rows are far from all others.
    Affine affine_of(const RowConstants& row) const;
    // How a row's affine makes the row a query.
    LinkMeasure measure() const;

    // The norm that Moebius links are relative to; 0 until the first rows are linked.
    float norm_unit() const { return norm_unit_; }
    void set_norm_unit(float unit) { norm_unit_ = unit; }
    // Whether a row is so short that its inner products are all but zero.
    bool is_near_zero(const RowConstants& row) const;

private:
    Metric metric_;
    Link link_;  // automatic here: l2, the only measure that the codes of a centering codec allow
    float norm_unit_ = 0;
};

}  // namespace vecq
