// Refitting: decodes rerank codes, fits the codec again and encodes all rows with it.
#include <algorithm>
#include <utility>

#include "base/status.hpp"
#include "persist/rebuild.hpp"
#include "rows/batch_coding.hpp"

namespace vecq {
namespace {

// Sample size for fitting a codec, as for the first addition.
constexpr size_t kSample = 10'000;

}  // namespace

RefitTask::RefitTask(IndexState& state, IndexLocks& locks, RebuildHooks hooks)
    : RebuildTask(state, locks, std::move(hooks)),
      codes_(state.rows.codes().unfitted()),
      link_(state.rows.link()),
      link_affine_({section(Kind::link_affine), sizeof(Affine)}) {
    if (state.rows.rerank() == nullptr)
        refuse(
            "index",
            "index has no rerank codes to compute its codes from, create it with a rerank codec");
    if (rows_ == 0) return;
    fit();
    CodeStore::each_column(codes_, [this](Column& column) { column.reserve(rows_); });
    if (state.rows.link().has_affine()) link_affine_.resize(rows_);
}

void RefitTask::fit() {
    if (!codes_.must_fit()) return;
    const CodeStore& rerank = *state_.rows.rerank();
    const Slots& slots = state_.rows.slots();
    RowCoder coder(rerank.codec());
    const size_t dim = state_.dim, every = (slots.count() + kSample - 1) / kSample;
    std::vector<float> sample;
    size_t seen = 0;
    for (uint32_t row = 0; row < rows_; ++row) {
        if (!slots.is_visible(row) || seen++ % every != 0) continue;
        sample.resize(sample.size() + dim);
        coder.decode(rerank.codes_of(row), rerank[row], sample.data() + sample.size() - dim);
    }
    codes_.fit(sample.data(), sample.size() / dim);
}

void RefitTask::rebuild(size_t first, size_t count) {
    const CodeStore& rerank = *state_.rows.rerank();
    std::vector<float> vectors(count * state_.dim);
    decode_rows(rerank.codec(), {rerank.codes_of(first), rerank.constants() + first, count}, 0,
                vectors.data());
    codes_.append(vectors.data(), count, first, 0);
    if (first + count == rows_) derive_link_affines();
}

void RefitTask::derive_link_affines() {
    if (link_.is_flat()) link_.set_norm_unit(usual_norm());
    for (size_t row = 0; row < link_affine_.rows(); ++row)
        link_affine_.data<Affine>()[row] = link_.affine_of(codes_[row]);
}

// Returns the median norm of the items, or the largest one if the median is 0.
float RefitTask::usual_norm() const {
    std::vector<float> norms;
    for (uint32_t row = 0; row < rows_; ++row)
        if (state_.rows.slots().is_visible(row)) norms.push_back(codes_[row].norm);
    if (norms.empty()) return 0;
    const auto middle = norms.begin() + static_cast<ptrdiff_t>(norms.size() / 2);
    std::nth_element(norms.begin(), middle, norms.end());
    return *middle > 0 ? *middle : *std::max_element(middle, norms.end());
}

void RefitTask::exchange() {
    if (rows_ == 0) return;
    state_.rows.swap_codes(codes_, link_affine_);
    state_.choose_kernels();
    state_.rows.link() = link_;
    state_.costs = {};
    state_.curve = {};
    state_.cells.reset();
}

}  // namespace vecq
