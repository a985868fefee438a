// Operations on all per-row arrays at once.
#include "rows/row_table.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace vecq {

RowTable::RowTable(const IndexOptions& options, const Codec& codec, const Codec* rerank_codec)
    : link_(options, codec), codes_(codec, options.metric, 0), attributes_(options.attributes) {
    columns_.reserve(std::size(kTableColumns));
    for (const ColumnSpec& spec : kTableColumns)
        if (!spec.is_on_demand && (!spec.is_for_links || link_.has_affine()))
            columns_.emplace_back(spec);
    if (rerank_codec != nullptr) rerank_.emplace(*rerank_codec, options.metric, 1);
}

const Column* RowTable::column(Kind kind) const {
    const auto found = std::ranges::find(columns_, section(kind), &Column::section);
    return found == columns_.end() ? nullptr : &*found;
}

ScoredRows RowTable::scored() const {
    ScoredRows scored = codes_.scored(slots_.extent());
    scored.biased = biased();
    return scored;
}

ScoredRows RowTable::scored_for_links() const {
    const Column* affine = column(Kind::link_affine);
    return {codes_.rows(slots_.extent()), codes_.codec().dim(),
            affine == nullptr ? codes_.affine() : affine->data<Affine>()};
}

uint64_t RowTable::codec_version() const {
    return codes_.codec_version() + (rerank_ ? rerank_->codec_version() : 0);
}

bool RowTable::must_fit() const { return codes_.must_fit() || (rerank_ && rerank_->must_fit()); }

void RowTable::fit(const float* sample, size_t count) {
    if (codes_.must_fit()) codes_.fit(sample, count);
    if (rerank_ && rerank_->must_fit()) rerank_->fit(sample, count);
}

void RowTable::reserve(size_t rows) {
    ids_.reserve(rows);
    each_column(*this, [rows](Column& column) { column.reserve(rows); });
}

void RowTable::append(const float* vectors, size_t count, size_t number, size_t threads) {
    codes_.append(vectors, count, number, threads);
    if (rerank_) rerank_->append(vectors, count, number, threads);
    const size_t first = codes_.size() - count;
    each_column(*this, [this](Column& column) { column.resize(size()); });
    attributes_.set_null(first, count);
    if (column(Kind::bias) != nullptr) derive_biased_affines(first);
}

Column RowTable::make_biases() const {
    const auto spec = std::ranges::find(kTableColumns, section(Kind::bias), &ColumnSpec::section);
    Column biases(*spec);
    biases.resize(size());
    for (size_t row = 0; row < size(); ++row)
        biases.data<BiasedAffine>()[row].affine = codes_.affine()[row];
    return biases;
}

void RowTable::add_biases(Column biases) noexcept { columns_.push_back(std::move(biases)); }

void RowTable::derive_biased_affines(size_t first) {
    BiasedAffine* const to = biased();
    for (size_t row = first; row < size(); ++row) to[row].affine = codes_.affine()[row];
}

void RowTable::derive_link_affine(uint32_t row) {
    if (const Column* affine = column(Kind::link_affine))
        affine->data<Affine>()[row] = link_.affine_of(codes_[row]);
}

void RowTable::truncate(size_t rows) {
    if (size() > rows) attributes_.note_renumbering();
    if (codes_.size() > rows || rows == 0) codes_.truncate(rows);
    if (rerank_ && (rerank_->size() > rows || rows == 0)) rerank_->truncate(rows);
    each_column(*this, [rows](Column& column) {
        if (column.rows() > rows) column.resize(rows);
    });
    if (ids_.size() > rows) ids_.truncate(rows);
}

void RowTable::permute_columns(size_t first, const Permutation& order) {
    each_column(*this, [&](Column& column) { column.permute(first, order); });
}

void RowTable::move_last(uint32_t to) {
    ids_.move_last(to);
    each_column(*this, [to](Column& column) { column.move_last(to); });
    attributes_.note_change(to);
}

void RowTable::own_searched() {
    each_column(*this, [](Column& column) {
        if (column.spec().is_searched) column.detach();
    });
    ids_.detach();
}

void RowTable::swap_codes(CodeStore& codes, Column& link_affine) noexcept {
    codes_.swap_rows(codes);
    for (Column& column : columns_)
        if (column.section() == link_affine.section()) column.swap_elements(link_affine);
    if (column(Kind::bias) != nullptr) derive_biased_affines(0);
}

std::vector<Column> RowTable::empty_columns() const {
    std::vector<Column> empty;
    each_other_column(*this, [&](const Column& column) { empty.emplace_back(column.spec()); });
    return empty;
}

void RowTable::swap_all(CodeStore& codes, std::vector<Column>& columns) noexcept {
    codes_.swap_rows(codes);
    size_t i = 0;
    each_other_column(*this, [&](Column& column) { column.swap_elements(columns[i++]); });
    attributes_.note_renumbering();
}

size_t RowTable::bytes_per_row(size_t number) const {
    size_t sum = 0;
    const auto kind = static_cast<uint32_t>(Kind::attribute_values);
    each_column(*this, [&](const Column& column) {
        const SectionId id = column.section();
        if (id.number == number && id.kind != kind) sum += column.element_bytes();
    });
    return sum;
}

}  // namespace vecq
