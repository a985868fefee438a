// The attributes of items: per attribute a column of values, the texts that values name, and what
// predicates need to evaluate it fast.
//
// Columns are per-row arrays of the RowTable, which resizes, moves and exchanges them with all
// others. Values of visible rows change only while IndexLocks::searches is held to write.
//
// A log holds the rows whose values changed. Whatever was derived from one version of the columns,
// such as postings or the bitmap of a predicate, is brought up to date by testing these rows again.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/fair_mutex.hpp"
#include "rows/attribute_spec.hpp"
#include "rows/column.hpp"
#include "rows/nested_order.hpp"
#include "rows/ordered_rows.hpp"
#include "rows/postings.hpp"
#include "rows/tag_sets.hpp"
#include "rows/texts.hpp"

namespace vecq {

// A version of the values of all rows. Another epoch means that rows were renumbered.
struct AttributeVersion {
    uint64_t epoch = 0;
    size_t changes = 0;
    bool operator==(const AttributeVersion&) const = default;
};

struct Attribute {
    Attribute(const AttributeSpec& spec, size_t number);

    // Validates texts and sets of a file at their first use. Thread-safe.
    void prepare() const;
    // The largest valid code of a row, for categories and tags. Requires `prepare`.
    size_t largest_code() const {
        return spec.kind == AttributeKind::tags ? sets.size() : texts.size();
    }
    size_t bytes() const;

    const AttributeSpec spec;
    const size_t number;
    Column values;
    Texts texts;
    TagSets sets;  // for tags

private:
    friend class Attributes;
    struct Posted {
        AttributeVersion version;
        Postings postings;
    };
    struct Sorted {
        AttributeVersion version;
        OrderedRows rows;
    };
    mutable std::mutex posting_;  // guards what is derived
    mutable std::shared_ptr<const Posted> posted_;
    mutable std::shared_ptr<const Sorted> sorted_;
    mutable std::shared_ptr<const NestedOrder> nested_;
    mutable size_t sorted_uses_ = 0;                        // asked for since there is none
    std::unique_ptr<const std::vector<std::byte>> frozen_;  // values as of the save in progress
};

// The values of one attribute for several items, in the form in which rows store them.
struct StoredValues {
    size_t attribute;
    std::vector<std::byte> elements;
};

class Attributes {
public:
    explicit Attributes(std::span<const AttributeSpec> specs);

    size_t size() const { return all_.size(); }
    bool empty() const { return all_.empty(); }
    const Attribute& operator[](size_t number) const { return all_[number]; }
    Attribute& operator[](size_t number) { return all_[number]; }
    // Returns null for an unknown name.
    const Attribute* find(std::string_view name) const;
    // The end of a message about a name of no attribute.
    std::string is_no_attribute() const;
    size_t bytes() const;
    // Changes whenever an attribute gets a text.
    size_t text_count() const;

    AttributeVersion version() const { return {epoch_, dropped_ + changed_.size()}; }
    // The rows whose values changed since a version, perhaps repeated; none if unknown.
    std::optional<std::span<const uint32_t>> changed_since(const AttributeVersion& version) const;
    // Postings of a category or tags, rebuilt if many rows have changed since they were built.
    // Only rows below `rows` are read. Thread-safe while nothing changes.
    struct Posted {
        std::shared_ptr<const Postings> postings;
        AttributeVersion version;
    };
    Posted postings(const Attribute& attribute, size_t rows) const;
    // The rows of a numeric attribute in the order of their values, for `uses` conditions. Null
    // until kUsesPerSort were asked for, since it was built or since many rows have changed: until
    // then comparing the column costs less. Thread-safe while nothing changes.
    static constexpr size_t kUsesPerSort = 64;
    struct Ordered {
        std::shared_ptr<const OrderedRows> rows;
        AttributeVersion version;
    };
    Ordered ordered(const Attribute& attribute, size_t rows, size_t uses) const;
    // Rows by a category, tags or bools, then by a second attribute, for `uses` conditions on both.
    // Only the one with the second attribute used last is kept. Null unless `uses` are kUsesPerSort
    // or it was built before, or if both are tags. Thread-safe while nothing changes.
    struct Nested {
        std::shared_ptr<const NestedOrder> rows;
        AttributeVersion version;
    };
    Nested nested(const Attribute& texts, const Attribute& second, size_t rows, size_t uses) const;

    // The calls of RowTable. None fails.
    void set_null(size_t first, size_t count);
    void note_change(size_t row) noexcept;
    void note_renumbering() noexcept;

    // Writes element `from` of each column to a row.
    void write(size_t row, std::span<const StoredValues> columns, size_t from);
    // Gives staged rows values; the staged rows of an addition all have the same attributes.
    void stage(size_t first, size_t count, std::span<const StoredValues> columns);
    // Copies the attributes that staged rows were not given from the item that a row replaces.
    void inherit(size_t to, size_t from);
    void end_staging() { staged_.reset(); }

    // While a save is in progress `freeze` copies columns before they change in place.
    void begin_snapshot() { is_snapshot_ = true; }
    void end_snapshot();
    void freeze(std::span<const StoredValues> columns, FairSharedMutex& searches);
    const std::byte* snapshot_of(size_t number) const;

    template <class Self, class Visit>
    static void each_column(Self& self, Visit&& visit) {
        for (auto& attribute : self.all_) visit(attribute.values);
    }

private:
    // Whether what was derived from `known` rows of a version needs few rows tested.
    bool is_near(const AttributeVersion& version, size_t known, size_t rows) const;
    static OrderedRows sorted_rows(const Attribute& attribute, size_t rows);
    static std::shared_ptr<const NestedOrder> nested_rows(const Attribute& texts, size_t rows,
                                                          std::shared_ptr<const void> owner,
                                                          std::span<const uint32_t> order);
    static TextCodes coded(const Attribute& attribute, size_t rows);

    std::deque<Attribute> all_;
    std::vector<uint32_t> changed_;
    size_t dropped_ = 0;
    uint64_t epoch_ = 0;
    std::optional<std::vector<bool>> staged_;  // whether staged rows were given each attribute
    bool is_snapshot_ = false;
};

// Throws unless the specs are valid: few enough, with names that are not empty, too long or used
// twice.
void require_valid(std::span<const AttributeSpec> specs);

}  // namespace vecq
