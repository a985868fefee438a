// Compaction: renumbers rows and nodes without vacant slots and drops links to removed rows.
#include <algorithm>
#include <utility>

#include "persist/rebuild.hpp"
#include "storage/file_errors.hpp"

namespace vecq {

CompactTask::CompactTask(IndexState& state, IndexLocks& locks, RebuildHooks hooks)
    : RebuildTask(state, locks, std::move(hooks)),
      codes_(state.rows.codes().for_walks()),
      columns_(state.rows.empty_columns()) {
    const size_t count = state.rows.slots().count();
    CodeStore::each_column(codes_, [count](Column& column) { column.reserve(count); });
    for (Column& column : columns_) column.reserve(count);
    ids_.reserve(count);
    if (state.rows.ids().names().is_active()) names_ = Names::make();
    place_nodes();
    near_zero_.resize(state.near_zero.size());
    for (size_t i = 0; i < state.near_zero.size(); ++i)
        near_zero_[i] = places_[0][state.near_zero[i]];
    for (size_t number = 1; number < layers_.size(); ++number)
        copy_lists(number, 0, state.graph.layers()[number].count);
    for (const uint32_t node : state.graph.entries())
        entries_.push_back(places_[state.graph.entered() - 1][node]);
}

// Keeps the nodes of visible rows, and the layers that keep a node.
void CompactTask::place_nodes() {
    for (const Layer& layer : state_.graph.layers()) {
        std::vector<uint32_t> places(layer.count, kNone);
        uint32_t count = 0;
        for (uint32_t node = 0; node < layer.count; ++node)
            if (state_.rows.slots().is_visible(layer.row_of(node))) places[node] = count++;
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

void CompactTask::copy_lists(size_t number, size_t first, size_t count) {
    const Layer& layer = state_.graph.layers()[number];
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

void CompactTask::rebuild(size_t first, size_t count) {
    const IdMap& ids = state_.rows.ids();
    const bool has_order = ids.order().size() > 0;
    for (size_t row = first; row < first + count; ++row) {
        if (places_[0][row] == kNone) continue;
        codes_.append_from(state_.rows.codes(), row);
        size_t i = 0;
        RowTable::each_other_column(
            state_.rows, [&](const Column& column) { columns_[i++].append_from(column, row); });
        const size_t to = ids_.size();
        ids_.resize(to + 1);
        ids_[to] = names_.is_active() ? number_of(ids[row]) : ids[row];
        if (!has_order) continue;
        order_.resize(to + 1);
        order_[to] = ids.order()[row];
    }
    copy_lists(0, first, count);
}

// Copies the name of an id and returns its new number.
int64_t CompactTask::number_of(int64_t id) {
    const std::string_view name = state_.rows.ids().names()[id];
    if (name.empty()) throw_corrupt("a row has no string id");
    return names_.insert(name);
}

// Its walks were over int8 rows; from now on they are over the upper plane.
void CompactTask::widen_curve() {
    for (CurvePoint& point : state_.curve.points)
        point.ef = std::max<uint64_t>(point.ef, plane_beam(point.k));
}

// Filters replay the moves in ascending order, so that no row moves to a row still in use.
void CompactTask::exchange() {
    RowTable& rows = state_.rows;
    ChangeLog& changes = *rows.changes();
    changes.replay();
    changes.reserve(rows_);
    for (uint32_t row = 0; row < rows_; ++row)
        if (const uint32_t place = places_[0][row]; place != kNone && place != row)
            changes.record({place, Change::Kind::moved, row});
    const size_t entered = state_.graph.entered(), count = rows.slots().count();
    state_.cells.reset();
    state_.curve.probes.clear();
    if (codes_.has_planes() && !rows.codes().has_planes()) widen_curve();
    rows.swap_all(codes_, columns_);
    state_.choose_kernels();
    rows.ids().restore(std::move(ids_), std::move(order_), rows.ids().largest());
    if (names_.is_active()) rows.ids().names().replace(std::move(names_));
    state_.graph.restore(std::move(layers_));
    state_.graph.enter_at(std::move(entries_), entered);
    state_.near_zero.restore(std::move(near_zero_));
    rows.slots().clear();
    rows.slots().restore(count, {});
    changes.try_to_replay();
}

}  // namespace vecq
