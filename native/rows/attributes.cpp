// Keeps the columns of attributes, their log of changes and their postings.
#include "rows/attributes.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <new>
#include <string>

#include "base/status.hpp"
#include "base/utf8.hpp"

namespace vecq {
namespace {

// The log holds at least this many changes, or this share of all rows.
constexpr size_t kShortLog = 4096, kLogShare = 64;
// Postings and orders are made again when this many rows have changed, or this share of all rows.
constexpr size_t kFewChanges = 1024, kChangedShare = 256;

template <class T>
void fill(Column& column, size_t first, size_t count, T value) {
    std::fill_n(column.data<T>() + first, count, value);
}

}  // namespace

void require_valid(std::span<const AttributeSpec> specs) {
    if (specs.size() > kMaxAttributes)
        refuse("attributes", "attributes has " + std::to_string(specs.size()) +
                                 " names, expected at most " + std::to_string(kMaxAttributes));
    for (size_t i = 0; i < specs.size(); ++i) {
        const std::string& name = specs[i].name;
        const std::string which = "attributes, number " + std::to_string(i) + ", ";
        if (name.empty() || name.size() > kMaxAttributeName)
            refuse("attributes", which + "has a name of " + std::to_string(name.size()) +
                                     " bytes, expected 1 to " + std::to_string(kMaxAttributeName));
        if (!is_utf8(name) || name.find('\0') != std::string::npos ||
            name.find('`') != std::string::npos)
            refuse("attributes", which + "has a name that is not UTF-8 or has a ` or a null byte");
        for (size_t other = 0; other < i; ++other)
            if (specs[other].name == name) refuse("attributes", which + "has the name of another");
    }
}

Attribute::Attribute(const AttributeSpec& spec, size_t number)
    : spec(spec),
      number(number),
      values({.section = section(Kind::attribute_values, number),
              .element_bytes = bytes_of(spec.kind),
              .is_searched = true,
              .is_swept = true}) {}

void Attribute::prepare() const {
    if (!has_texts(spec.kind)) return;
    texts.prepare();
    if (spec.kind == AttributeKind::tags) sets.prepare(texts.size());
}

size_t Attribute::bytes() const {
    return values.rows() * values.element_bytes() + texts.memory() + sets.memory();
}

Attributes::Attributes(std::span<const AttributeSpec> specs) {
    require_valid(specs);
    for (const AttributeSpec& spec : specs) all_.emplace_back(spec, all_.size());
}

const Attribute* Attributes::find(std::string_view name) const {
    for (const Attribute& attribute : all_)
        if (attribute.spec.name == name) return &attribute;
    return nullptr;
}

std::string Attributes::is_no_attribute() const {
    if (empty())
        return "is no attribute: the index has no attributes, which are declared by attributes= "
               "when "
               "it is made";
    std::string names;
    for (const Attribute& attribute : all_)
        names += (names.empty() ? "'" : ", '") + attribute.spec.name + "'";
    return "is no attribute of the index, expected one of " + names;
}

size_t Attributes::bytes() const {
    size_t sum = 0;
    for (const Attribute& attribute : all_) sum += attribute.bytes();
    return sum;
}

size_t Attributes::text_count() const {
    size_t sum = 0;
    for (const Attribute& attribute : all_) sum += attribute.texts.size();
    return sum;
}

std::optional<std::span<const uint32_t>>
Attributes::changed_since(const AttributeVersion& version) const {
    if (version.epoch != epoch_ || version.changes < dropped_) return {};
    return std::span(changed_).subspan(version.changes - dropped_);
}

bool Attributes::is_near(const AttributeVersion& version, size_t known, size_t rows) const {
    const auto changed = changed_since(version);
    return known <= rows && changed &&
           changed->size() + rows - known <= std::max(kFewChanges, rows / kChangedShare);
}

// The texts and sets of a file are validated first.
TextCodes Attributes::coded(const Attribute& attribute, size_t rows) {
    attribute.prepare();
    const bool is_tags = attribute.spec.kind == AttributeKind::tags;
    return {std::span(attribute.values.data<const uint32_t>(), rows), attribute.texts.size(),
            is_tags ? &attribute.sets : nullptr};
}

Attributes::Posted Attributes::postings(const Attribute& attribute, size_t rows) const {
    const std::lock_guard lock(attribute.posting_);
    if (const auto& own = attribute.posted_;
        own && is_near(own->version, own->postings.rows(), rows))
        return {{own, &own->postings}, own->version};
    attribute.posted_ = std::make_shared<Attribute::Posted>(
        Attribute::Posted{version(), Postings(coded(attribute, rows))});
    return {{attribute.posted_, &attribute.posted_->postings}, version()};
}

Attributes::Ordered Attributes::ordered(const Attribute& attribute, size_t rows,
                                        size_t uses) const {
    const std::lock_guard lock(attribute.posting_);
    auto& own = attribute.sorted_;
    if (own && is_near(own->version, own->rows.rows(), rows))
        return {{own, &own->rows}, own->version};
    own.reset();
    attribute.sorted_uses_ += uses;
    if (attribute.sorted_uses_ < kUsesPerSort) return {};
    attribute.sorted_uses_ = 0;
    own = std::make_shared<const Attribute::Sorted>(
        Attribute::Sorted{version(), sorted_rows(attribute, rows)});
    return {{own, &own->rows}, own->version};
}

OrderedRows Attributes::sorted_rows(const Attribute& attribute, size_t rows) {
    const Column& values = attribute.values;
    switch (attribute.spec.kind) {
        case AttributeKind::float32:
            return OrderedRows(std::span(values.data<const float>(), rows));
        case AttributeKind::boolean:
            return OrderedRows(std::span(values.data<const uint8_t>(), rows));
        default: return OrderedRows(std::span(values.data<const int64_t>(), rows));
    }
}

// Codes that changed since the second order was made are among the changes since its version.
Attributes::Nested Attributes::nested(const Attribute& texts, const Attribute& second, size_t rows,
                                      size_t uses) const {
    std::shared_ptr<const void> owner;
    std::span<const uint32_t> order;
    size_t known = 0;
    AttributeVersion version;
    if (has_texts(second.spec.kind)) {
        if (texts.spec.kind == AttributeKind::tags && second.spec.kind == AttributeKind::tags)
            return {};
        const Posted posted = postings(second, rows);
        owner = posted.postings;
        order = posted.postings->in_order();
        known = posted.postings->rows();
        version = posted.version;
    } else {
        const Ordered ordered = this->ordered(second, rows, uses);
        if (ordered.rows == nullptr) return {};
        owner = ordered.rows;
        order = ordered.rows->in_order();
        known = ordered.rows->rows();
        version = ordered.version;
    }
    const std::lock_guard lock(texts.posting_);
    auto& own = texts.nested_;
    if (own == nullptr || own->owner() != owner.get()) {
        if (uses < kUsesPerSort) return {};
        own.reset();
        own = nested_rows(texts, known, owner, order);
    }
    return {own, version};
}

std::shared_ptr<const NestedOrder> Attributes::nested_rows(const Attribute& texts, size_t rows,
                                                           std::shared_ptr<const void> owner,
                                                           std::span<const uint32_t> order) {
    if (texts.spec.kind != AttributeKind::boolean)
        return std::make_shared<const NestedOrder>(coded(texts, rows), std::move(owner), order);
    const auto* bools = texts.values.data<const uint8_t>();
    const std::vector<uint32_t> codes(bools, bools + rows);
    constexpr size_t kCodes = 2;  // without null
    return std::make_shared<const NestedOrder>(TextCodes{codes, kCodes, nullptr}, std::move(owner),
                                               order);
}

// New elements are zero, which is null for the other kinds.
void Attributes::set_null(size_t first, size_t count) {
    for (Attribute& attribute : all_) switch (attribute.spec.kind) {
            case AttributeKind::float32:
                fill(attribute.values, first, count, std::numeric_limits<float>::quiet_NaN());
                break;
            case AttributeKind::int64:
            case AttributeKind::datetime: fill(attribute.values, first, count, kNullInteger); break;
            default: break;
        }
}

void Attributes::note_change(size_t row) noexcept {
    if (all_.empty()) return;
    const size_t limit = std::max(kShortLog, all_.front().values.rows() / kLogShare);
    if (changed_.size() >= limit) {
        const size_t half = changed_.size() / 2;
        changed_.erase(changed_.begin(), changed_.begin() + static_cast<ptrdiff_t>(half));
        dropped_ += half;
    }
    try {
        changed_.push_back(static_cast<uint32_t>(row));
    } catch (const std::bad_alloc&) {
        note_renumbering();  // nothing derived is trusted any more
    }
}

void Attributes::note_renumbering() noexcept {
    ++epoch_;
    dropped_ += changed_.size();
    changed_.clear();
}

void Attributes::write(size_t row, std::span<const StoredValues> columns, size_t from) {
    for (const StoredValues& column : columns) {
        Column& own = all_[column.attribute].values;
        const size_t bytes = own.element_bytes();
        std::memcpy(own.at(row), column.elements.data() + from * bytes, bytes);
    }
}

void Attributes::stage(size_t first, size_t count, std::span<const StoredValues> columns) {
    std::vector<bool> given(size());
    for (const StoredValues& column : columns) given[column.attribute] = true;
    if (staged_ && *staged_ != given)
        refuse("attributes", "attributes has other names than those of the vectors staged before, "
                             "expected the same for all vectors of an addition");
    for (size_t i = 0; i < count; ++i) write(first + i, columns, i);
    staged_ = std::move(given);
}

void Attributes::inherit(size_t to, size_t from) {
    for (Attribute& attribute : all_)
        if (!staged_ || !(*staged_)[attribute.number])
            std::memcpy(attribute.values.at(to), attribute.values.at(from),
                        attribute.values.element_bytes());
    note_change(to);
}

void Attributes::end_snapshot() {
    is_snapshot_ = false;
    for (Attribute& attribute : all_) attribute.frozen_.reset();
}

void Attributes::freeze(std::span<const StoredValues> columns, FairSharedMutex& searches) {
    for (const StoredValues& column : columns) {
        Attribute& own = all_[column.attribute];
        if (!is_snapshot_ || own.frozen_) continue;
        const std::byte* from = own.values.data();
        auto copy = std::make_unique<const std::vector<std::byte>>(
            from, from + own.values.rows() * own.values.element_bytes());
        const auto alone = searches.write();
        own.frozen_ = std::move(copy);
    }
}

const std::byte* Attributes::snapshot_of(size_t number) const {
    const Attribute& attribute = all_[number];
    return attribute.frozen_ ? attribute.frozen_->data() : attribute.values.data();
}

}  // namespace vecq
