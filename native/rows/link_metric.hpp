// The measure by which rows are linked: another affine map of the dot product of searches.
#pragma once

#include "engine/jobs.hpp"
#include "rows/index_options.hpp"

namespace vecq {

class LinkMetric {
public:
    // Resolves Link::automatic. Throws for combinations that codes cannot express.
    LinkMetric(const IndexOptions& options, const Codec& codec);

    Link link() const { return link_; }
    // Whether the graph has one layer and the longest rows as entry points: inner products, unless
    // layered.
    bool is_flat() const { return metric_ == Metric::ip && link_ != Link::layered; }
    // Whether linking needs another affine per row than scoring.
    bool has_affine() const {
        return link_ == Link::automatic || (is_flat() && link_ != Link::metric);
    }
    // Finite for every row: near-zero rows are far from all others.
    Affine affine_of(const RowConstants& row) const;
    // How to derive the query terms of a row from its affine.
    LinkMeasure measure() const;

    // The unit of norms in Moebius affines; 0 until the first rows are linked.
    float norm_unit() const { return norm_unit_; }
    void set_norm_unit(float unit) { norm_unit_ = unit; }
    // Whether the norm of a row is so small that all its inner products are almost 0.
    bool is_near_zero(const RowConstants& row) const;

private:
    Metric metric_;
    Link link_;  // automatic means l2, the only measure for the codes of a centering codec
    float norm_unit_ = 0;
};

}  // namespace vecq
