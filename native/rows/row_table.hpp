// All state of an index with one element per row: codes, constants, affines, ids, slots, and the
// change log. kTableColumns lists all other per-row arrays; every operation here covers them.
//
// Staged rows lie behind the extent of the slots, where searches do not see them. Changes require
// IndexLocks::changes; visible rows change only while IndexLocks::searches is held to write.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "rows/attributes.hpp"
#include "rows/change_log.hpp"
#include "rows/code_store.hpp"
#include "rows/id_map.hpp"
#include "rows/link_metric.hpp"
#include "rows/slots.hpp"

namespace vecq {

class RowTable {
public:
    // `rerank_codec` may be null: then there is no rerank store.
    RowTable(const IndexOptions& options, const Codec& codec, const Codec* rerank_codec);

    const CodeStore& codes() const { return codes_; }
    // Returns an array of kTableColumns, or null if this index does not have it.
    const Column* column(Kind kind) const;
    // Null if there are no rerank codes.
    const CodeStore* rerank() const { return rerank_ ? &*rerank_ : nullptr; }
    // The most precise codes: rerank codes if there are any.
    const CodeStore& finest() const { return rerank_ ? *rerank_ : codes_; }
    const Attributes& attributes() const { return attributes_; }
    Attributes& attributes() { return attributes_; }
    const LinkMetric& link() const { return link_; }
    LinkMetric& link() { return link_; }
    const IdMap& ids() const { return ids_; }
    IdMap& ids() { return ids_; }
    const Slots& slots() const { return slots_; }
    Slots& slots() { return slots_; }
    // Shared, because a filter may outlive its index.
    const std::shared_ptr<ChangeLog>& changes() const { return changes_; }

    // Number of rows, staged ones included.
    size_t size() const { return codes_.size(); }
    bool has_staged() const { return size() > slots_.extent(); }
    ScoredRows scored() const;
    // Links depend on similarities alone.
    ScoredRows scored_for_links() const;

    // The biases of items, one per row; null while no item has had one.
    BiasedAffine* biased() const {
        const Column* biases = column(Kind::bias);
        return biases == nullptr ? nullptr : biases->data<BiasedAffine>();
    }
    // Returns a column of biases 0 for the present rows. O(rows).
    Column make_biases() const;
    // Adds the column. No search may run. Does not fail.
    void add_biases(Column biases) noexcept;
    // Derives the affines beside the biases of rows [first, size()).
    void derive_biased_affines(size_t first);

    // Changes whenever a codec is replaced.
    uint64_t codec_version() const;
    bool must_fit() const;
    void fit(const float* sample, size_t count);
    void reserve(size_t rows);
    // Encodes vectors behind the last row; errors number them from `number`.
    void append(const float* vectors, size_t count, size_t number, size_t threads);
    void derive_link_affine(uint32_t row);
    // Drops rows from `rows` on; an empty table drops fitted parameters, too. Does not fail.
    void truncate(size_t rows);
    // Permutes the rows from `first` on, ids excepted.
    void permute_columns(size_t first, const Permutation& order);
    // Moves the last row, id included, to a vacant row. Does not fail.
    void move_last(uint32_t to);
    // Copies columns and ids that searches read from a mapped file to memory.
    void own_searched();

    // Exchanges codes and link affines with those of a refitted codec.
    void swap_codes(CodeStore& codes, Column& link_affine) noexcept;
    // Empty columns with the specs of the table's, search codes excepted, to fill and exchange with
    // `swap_all`.
    std::vector<Column> empty_columns() const;
    void swap_all(CodeStore& codes, std::vector<Column>& columns) noexcept;

    // Bytes per row of all columns of a number: 0 for search codes, 1 for rerank codes. Without
    // attributes.
    size_t bytes_per_row(size_t number) const;

    // Calls visit(column) for each per-row array, in the order of the file.
    template <class Self, class Visit>
    static void each_column(Self& self, Visit&& visit) {
        CodeStore::each_column(self.codes_, visit);
        each_other_column(self, visit);
    }
    // The same without search codes.
    template <class Self, class Visit>
    static void each_other_column(Self& self, Visit&& visit) {
        for (auto& column : self.columns_) visit(column);
        Attributes::each_column(self.attributes_, visit);
        if (self.rerank_) CodeStore::each_column(*self.rerank_, visit);
    }

private:
    LinkMetric link_;
    CodeStore codes_;
    // Of kTableColumns, those that this index has. Never reallocated: a snapshot refers to them.
    std::vector<Column> columns_;
    Attributes attributes_;
    std::optional<CodeStore> rerank_;
    IdMap ids_;
    Slots slots_;
    std::shared_ptr<ChangeLog> changes_ = std::make_shared<ChangeLog>();
};

}  // namespace vecq
