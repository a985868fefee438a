// Everything that an index has one of per row: codes, constants, affines, ids, slots, and the log
// of changes. A new per-row array is a Column member and one line in `each_column`: it then grows,
// moves, compacts, is saved, opened and counted with the others.
//
// Rows are staged behind the extent of the slots, where no search sees them. Who changes the table
// holds the index's change lock; what searches read changes only while no search runs.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "rows/change_log.hpp"
#include "rows/code_store.hpp"
#include "rows/id_map.hpp"
#include "rows/link_metric.hpp"
#include "rows/slots.hpp"

namespace vecq {

class RowTable {
public:
    // `rerank_codec` is null or codes the rerank store.
    RowTable(const IndexOptions& options, const Codec& codec, const Codec* rerank_codec);

    const CodeStore& codes() const { return codes_; }
    // Null if there are no rerank codes.
    const CodeStore* rerank() const { return rerank_ ? &*rerank_ : nullptr; }
    // The most precise codes there are.
    const CodeStore& finest() const { return rerank_ ? *rerank_ : codes_; }
    const LinkMetric& link() const { return link_; }
    LinkMetric& link() { return link_; }
    const IdMap& ids() const { return ids_; }
    IdMap& ids() { return ids_; }
    const Slots& slots() const { return slots_; }
    Slots& slots() { return slots_; }
    // Shared, because a filter may outlive its index.
    const std::shared_ptr<ChangeLog>& changes() const { return changes_; }

    // All rows, staged ones included.
    size_t size() const { return codes_.size(); }
    bool has_staged() const { return size() > slots_.extent(); }
    ScoredRows scored() const { return codes_.scored(slots_.extent()); }
    ScoredRows scored_for_links() const;

    // Changes whenever one of the codecs becomes another object.
    uint64_t codec_version() const;
    bool must_fit() const;
    void fit(const float* sample, size_t count);
    void reserve(size_t rows);
    // Encodes vectors behind the last row; errors number them from `number`.
    void append(const float* vectors, size_t count, size_t number, size_t threads);
    void derive_link_affine(uint32_t row);
    // Drops rows from `rows` on; an empty table has its codecs as given. Does not fail.
    void truncate(size_t rows);
    // Row first + i becomes the former row first + order[i], ids excepted.
    void permute_columns(size_t first, std::span<const uint32_t> order);
    // Moves the last row, id included, to a vacant row. Does not fail.
    void move_last(uint32_t to);
    // Copies what searches read from a mapped file to memory.
    void own_searched();

    // Exchanges codes, and derives link affines again, for codes that were fitted again.
    void swap_codes(CodeStore& codes, Column& link_affine) noexcept;
    // Empty columns like those of the table, to be filled and exchanged with them.
    std::vector<Column> empty_columns() const;
    void swap_columns(std::vector<Column>& columns) noexcept;

    // Bytes per row of walked codes (number 0) or rerank codes (1), constants and affines included.
    size_t bytes_per_row(size_t number) const;

    // Calls visit(column) for each per-row array, in the order of the file.
    template <class Self, class Visit>
    static void each_column(Self& self, Visit&& visit) {
        CodeStore::each_column(self.codes_, visit);
        if (self.link_.has_affine()) visit(self.link_affine_);
        if (self.rerank_) CodeStore::each_column(*self.rerank_, visit);
    }

private:
    LinkMetric link_;
    CodeStore codes_;
    Column link_affine_;
    std::optional<CodeStore> rerank_;
    IdMap ids_;
    Slots slots_;
    std::shared_ptr<ChangeLog> changes_ = std::make_shared<ChangeLog>();
};

}  // namespace vecq
