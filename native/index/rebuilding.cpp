#include "index/rebuilding.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <mutex>
#include <utility>

#include "base/status.hpp"
#include "index/addition.hpp"
#include "index/coding.hpp"
#include "index/searcher.hpp"
#include "quant/rows.hpp"

namespace vecq {
namespace {

// Rows that one step does.
constexpr size_t kStepRows = size_t{1} << 14;
// A codec is fitted to so many rows, as when an index begins.
constexpr size_t kSample = 10'000;
// The neighbors of a row that leaves the graph may leave it, too.
constexpr size_t kMostHeirs = 8;

Array<uint32_t> array_of(const std::vector<uint32_t>& rows) {
    Array<uint32_t> array;
    array.resize(rows.size());
    std::copy(rows.begin(), rows.end(), array.data());
    return array;
}

}  // namespace

Rebuilding::Rebuilding(Index& index) : index_(index), rows_(index.begin_rebuilding()) {}

Rebuilding::~Rebuilding() { index_.end_rebuilding(); }

Progress Rebuilding::step() {
    const size_t total = rows_ + 1;
    if (done_ < rows_) {
        const size_t count = std::min(kStepRows, rows_ - done_);
        rebuild(done_, count);
        done_ += count;
    } else if (done_ < total) {
        {
            const auto alone = index_.turnstile_.write();
            put_in_place();
            index_.searchers_.clear();
        }
        done_ = total;
        finish();
    }
    return {done_, total};
}

size_t Index::begin_rebuilding() {
    const std::lock_guard writing(writing_);
    require_changeable();
    require_unsaved();
    if (addition_ || store_.size() > slots_.extent())
        refuse("index", "index is being added to, which has to end first");
    if (slots_.count() == 0) start_over();
    rebuilt_ = true;
    return slots_.extent();
}

void Index::end_rebuilding() {
    const std::lock_guard writing(writing_);
    rebuilt_ = false;
}

Refitting::Refitting(Index& index) : Rebuilding(index), store_(index.store_.given().unfitted()) {
    if (!index.wide_)
        refuse("index", "index keeps nothing that is wider than its codes, to make them anew from: "
                        "it takes rerank= when it is made");
    if (rows_ == 0) return;
    fit();
    store_.reserve(rows_);
    affine_.resize(rows_);
    if (index.has_link_affine()) link_affine_.resize(rows_);
}

void Refitting::fit() {
    if (!store_.must_fit()) return;
    const Store& wide = *index_.wide_;
    RowCoder coder(wide.codec());
    const size_t dim = index_.dim(), every = (index_.slots_.count() + kSample - 1) / kSample;
    std::vector<float> sample;
    size_t seen = 0;
    for (uint32_t row = 0; row < rows_; ++row) {
        if (!index_.slots_.shows(row) || seen++ % every != 0) continue;
        sample.resize(sample.size() + dim);
        coder.decode(wide.rows().at(row), wide[row], sample.data() + sample.size() - dim);
    }
    store_.fit(sample.data(), sample.size() / dim);
}

void Refitting::rebuild(size_t first, size_t count) {
    const Store& wide = *index_.wide_;
    std::vector<float> vectors(count * index_.dim());
    decode_rows(wide.codec(), {wide.rows().at(first), wide.constants() + first, count}, 0,
                vectors.data());
    store_.append(vectors.data(), count, first, 0);
    for (size_t row = first; row < first + count; ++row)
        affine_[row] = affine_of(index_.options_.metric, store_[row]);
    if (first + count < rows_) return;
    unit_ = index_.flat() ? usual_norm() : index_.unit_;
    for (size_t row = 0; row < link_affine_.size(); ++row)
        link_affine_[row] = index_.link_affine_of(store_[row], unit_);
}

// The median, or the largest if most are zero.
float Refitting::usual_norm() const {
    std::vector<float> norms;
    for (uint32_t row = 0; row < rows_; ++row)
        if (index_.slots_.shows(row)) norms.push_back(store_[row].norm);
    if (norms.empty()) return 0;
    const auto middle = norms.begin() + static_cast<ptrdiff_t>(norms.size() / 2);
    std::nth_element(norms.begin(), middle, norms.end());
    return *middle > 0 ? *middle : *std::max_element(middle, norms.end());
}

void Refitting::put_in_place() {
    if (rows_ == 0) return;
    index_.store_.swap_rows(store_);
    std::swap(index_.affine_, affine_);
    std::swap(index_.link_affine_, link_affine_);
    index_.unit_ = unit_;
    index_.pace_ = {};
    index_.curve_ = {};
}

void Refitting::finish() {
    const std::lock_guard writing(index_.writing_);
    put_short_rows_aside();
    link_rows_from_aside();
    index_.measure_pace();
}

// Rows whose codes are all but zero now leave the graph. Lists that link to them link to a neighbor of
// theirs instead.
void Refitting::put_short_rows_aside() {
    Index& index = index_;
    const Layer& layer = index.graph_.layers().front();
    std::vector<uint32_t> aside, heirs(rows_, kNone), leaving;
    std::vector<bool> leaves(rows_);
    for (uint32_t row = 0; row < rows_; ++row) {
        if (!index.slots_.shows(row)) continue;
        const bool was_aside = index.is_aside(row);
        leaves[row] = !was_aside && index.is_too_short(index.store_[row], index.unit_);
        if (leaves[row]) leaving.push_back(row);
        if (was_aside || leaves[row]) aside.push_back(row);
    }
    if (leaving.empty()) return;
    for (const uint32_t row : leaving)
        for (const uint32_t link : layer.links_of(row)) {
            if (link >= rows_ || !index.slots_.shows(link)) continue;
            heirs[row] = link;
            if (!leaves[link]) break;
        }
    Array<uint32_t> all = array_of(aside);
    std::vector<uint32_t> entries = index.longest_rows([&](uint32_t row) { return !leaves[row]; });
    const std::function<uint32_t(uint32_t)> heir_of = [&](uint32_t row) {
        for (size_t i = 0; i < kMostHeirs && row < rows_ && leaves[row]; ++i) row = heirs[row];
        return row < rows_ && !leaves[row] ? row : kNone;
    };
    // Until they are aside nothing fails.
    index.unswept_ = rows_;
    {
        const auto alone = index.turnstile_.write();
        index.graph_.enter_at(std::move(entries), 1);
    }
    index.graph_.redirect_links(heir_of);
    for (const uint32_t row : leaving) index.empty_lists(row);
    {
        const auto alone = index.turnstile_.write();
        std::swap(index.aside_, all);
    }
    index.sweep(0);
}

// Rows aside that are long enough now enter the graph, the longest first, as when they are added.
void Refitting::link_rows_from_aside() {
    Index& index = index_;
    std::vector<uint32_t> aside, rows;
    for (const uint32_t row : std::span(index.aside_.data(), index.aside_.size()))
        (index.is_too_short(index.store_[row], index.unit_) ? aside : rows).push_back(row);
    if (rows.empty()) return;
    std::stable_sort(rows.begin(), rows.end(), [&](uint32_t a, uint32_t b) {
        return index.store_[a].norm > index.store_[b].norm;
    });
    Array<uint32_t> rest = array_of(aside);
    index.unswept_ = rows_;
    index.addition_ = std::make_unique<Index::Addition>();
    try {
        index.addition_->rows_before = index.slots_.count() - index.aside_.size();
        {
            const auto alone = index.turnstile_.write();
            std::swap(index.aside_, rest);
        }
        link(std::move(rows));
    } catch (...) {
        if (index.graph_.entries().empty()) {
            const auto alone = index.turnstile_.write();
            std::swap(index.aside_, rest);
        }
        index.addition_.reset();
        throw;
    }
    index.addition_.reset();
    index.sweep(0);
}

// As an addition of rows that have slots and that searches see.
void Refitting::link(std::vector<uint32_t> rows) {
    Index::Addition& addition = *index_.addition_;
    addition.in_graph = addition.linked = rows.size();
    addition.updates = false;
    addition.rows = std::move(rows);
    const std::span<const uint32_t> all = addition.rows;
    const size_t first = std::min(all.size(), kEntries);
    for (size_t i = 0; i < first; ++i) {
        index_.link_rows(all.subspan(i, 1), 1, 1);
        const auto alone = index_.turnstile_.write();
        index_.enter_at(all[i]);
    }
    const size_t small = std::min(all.size(), std::max(first, index_.rows_linked_alone()));
    if (small > first) index_.link_rows(all.subspan(first, small - first), 1, 1);
    if (all.size() > small) index_.link_rows(all.subspan(small), 0, kMostTurns);
    index_.choose_samples();
    while (addition.sampled < index_.samples()) index_.connect_samples(0);
}

Compacting::Compacting(Index& index) : Rebuilding(index), store_(index.store_.like()) {
    const size_t count = index.slots_.count();
    if (index.wide_) wide_.emplace(index.wide_->like());
    store_.reserve(count);
    if (wide_) wide_->reserve(count);
    place_nodes();
    for (const uint32_t row : std::span(index.aside_.data(), index.aside_.size())) {
        aside_.resize(aside_.size() + 1);
        aside_[aside_.size() - 1] = places_[0][row];
    }
    const Layer* layers = index.graph_.layers().data();
    for (size_t number = 1; number < layers_.size(); ++number)
        copy_lists(number, 0, layers[number].count);
    for (const uint32_t node : index.graph_.entries())
        entries_.push_back(places_[index.graph_.entered() - 1][node]);
}

// A node stays if its row does; a layer, if any of its nodes does.
void Compacting::place_nodes() {
    for (const Layer& layer : index_.graph_.layers()) {
        std::vector<uint32_t> places(layer.count, kNone);
        uint32_t count = 0;
        for (uint32_t node = 0; node < layer.count; ++node)
            if (index_.slots_.shows(layer.row_of(node))) places[node] = count++;
        if (count == 0 && !layers_.empty()) return;
        Graph::Stored& stored = layers_.emplace_back(layer.degree);
        stored.nodes = count;
        stored.links.resize(count * layer.degree);
        std::fill_n(stored.links.data(), count * layer.degree, kNone);
        if (!places_.empty()) {
            stored.rows.resize(count);
            stored.below.resize(count);
        }
        places_.push_back(std::move(places));
    }
}

void Compacting::copy_lists(size_t number, size_t first, size_t count) {
    const Layer& layer = index_.graph_.layers()[number];
    const std::vector<uint32_t>& places = places_[number];
    Graph::Stored& stored = layers_[number];
    for (size_t node = first; node < first + count; ++node) {
        const uint32_t place = places[node];
        if (place == kNone) continue;
        uint32_t* list = stored.links.data() + place * layer.degree;
        for (const uint32_t to : layer.links_of(static_cast<uint32_t>(node)))
            if (to < layer.count && places[to] != kNone) *list++ = places[to];
        if (number == 0) continue;
        stored.rows[place] = places_[0][layer.rows[node]];
        stored.below[place] = places_[number - 1][layer.below[node]];
    }
}

void Compacting::rebuild(size_t first, size_t count) {
    const size_t before = store_.size();
    for (size_t row = first; row < first + count; ++row) {
        if (places_[0][row] == kNone) continue;
        store_.append_from(index_.store_, row);
        if (wide_) wide_->append_from(*index_.wide_, row);
    }
    const size_t after = store_.size();
    const Array<uint32_t>& order = index_.ids_.order();
    ids_.resize(after);
    if (order.size() > 0) order_.resize(after);
    affine_.resize(after);
    if (wide_) wide_affine_.resize(after);
    if (index_.has_link_affine()) link_affine_.resize(after);
    size_t to = before;
    for (size_t row = first; row < first + count; ++row) {
        if (places_[0][row] == kNone) continue;
        ids_[to] = index_.ids_[row];
        if (order.size() > 0) order_[to] = order[row];
        affine_[to] = index_.affine_[row];
        if (wide_) wide_affine_[to] = index_.wide_affine_[row];
        if (index_.has_link_affine()) link_affine_[to] = index_.link_affine_[row];
        ++to;
    }
    copy_lists(0, first, count);
}

// Filters are told where rows went, one after the other, ascending: none is put where one still is.
void Compacting::put_in_place() {
    Index& index = index_;
    index.changes_->bring_up();
    index.changes_->reserve(rows_);
    for (uint32_t row = 0; row < rows_; ++row)
        if (const uint32_t place = places_[0][row]; place != kNone && place != row)
            index.changes_->note({place, Change::Kind::moved, row});
    const size_t entered = index.graph_.entered(), count = index.slots_.count();
    index.store_.swap_rows(store_);
    if (wide_) index.wide_->swap_rows(*wide_);
    index.ids_.restore(std::move(ids_), std::move(order_), index.ids_.largest());
    index.graph_.restore(std::move(layers_));
    index.graph_.enter_at(std::move(entries_), entered);
    std::swap(index.aside_, aside_);
    std::swap(index.affine_, affine_);
    std::swap(index.wide_affine_, wide_affine_);
    std::swap(index.link_affine_, link_affine_);
    index.slots_.clear();
    index.slots_.restore(count, {});
    index.heirs_.clear();
    index.changes_->try_to_bring_up();
}

void Compacting::finish() {
    const std::lock_guard writing(index_.writing_);
    index_.sweep(rows_);
}

}  // namespace vecq
