// Resolves the link option and computes the affines that links are scored with.
#include "rows/link_metric.hpp"

#include "base/status.hpp"

namespace vecq {
namespace {

// Largest norm of a near-zero row, relative to the norm unit.
constexpr float kNearZero = 1e-6F;

// Under a centering codec only l2 is a function of the codes' dot and one constant per row.
Link resolved_link(const IndexOptions& options, const Codec& codec) {
    if (options.link == Link::layered && options.metric != Metric::ip)
        refuse("link", "link is layered, which is for metric ip only");
    if (codec.options().scale == Scale::dimension)
        refuse("codec", "codec has a scale for each dimension, so rows can't be compared with each "
                        "other by their codes; expected scale vector or global");
    if (options.metric == Metric::l2) {
        if (options.link == Link::cosine || options.link == Link::moebius)
            refuse("link", "link is for metric ip or cosine, expected auto or metric with l2");
        return Link::metric;
    }
    if (options.metric == Metric::cosine && options.link == Link::moebius)
        refuse("link", "link is moebius, which is for metric ip only");
    if (codec.options().center) {
        if (options.link != Link::automatic)
            refuse("link", "link can't be chosen with a codec that centers, expected auto");
        return Link::automatic;
    }
    if (options.metric == Metric::cosine) return Link::cosine;
    return options.link == Link::automatic ? Link::moebius : options.link;
}

}  // namespace

LinkMetric::LinkMetric(const IndexOptions& options, const Codec& codec)
    : metric_(options.metric), link_(resolved_link(options, codec)) {}

Affine LinkMetric::affine_of(const RowConstants& row) const {
    if (link_ == Link::automatic) return vecq::affine_of(Metric::l2, row);
    if (is_near_zero(row)) return {0, -1 / (kNearZero * kNearZero)};
    if (link_ == Link::cosine) return {row.scale / row.norm, 0};
    const double length = double{row.norm} / norm_unit_, scale = double{row.scale} / norm_unit_;
    return {static_cast<float>(2 * scale / (length * length)),
            static_cast<float>(-1 / (length * length))};
}

LinkMeasure LinkMetric::measure() const {
    const bool is_distance =
        metric_ == Metric::l2 || link_ == Link::moebius || link_ == Link::automatic;
    return {is_distance ? 0.5F : 1.0F, is_distance ? 1.0F : 0.0F};
}

bool LinkMetric::is_near_zero(const RowConstants& row) const {
    return is_flat() && !(row.norm > kNearZero * norm_unit_);
}

}  // namespace vecq
