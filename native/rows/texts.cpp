// Validates, finds and appends texts.
#include "rows/texts.hpp"

#include <algorithm>
#include <span>
#include <string>
#include <utility>

#include "base/utf8.hpp"
#include "rows/attribute_spec.hpp"
#include "storage/file_errors.hpp"

namespace vecq {
namespace {

uint64_t hash_of_text(std::string_view text) {
    return hash_of(std::as_bytes(std::span(text.data(), text.size())));
}

}  // namespace

uint32_t Texts::find(std::string_view text) const {
    return table_.find(hash_of_text(text),
                       [&](uint32_t number) { return (*this)[number] == text; });
}

void Texts::prepare() const {
    if (is_prepared_) return;
    const std::lock_guard lock(preparing_);
    if (is_prepared_) return;
    validate();
    NumberTable table;
    table.reserve(size(), [](uint32_t) { return 0; });
    for (uint32_t number = 0; number < size(); ++number) {
        const std::string_view text = (*this)[number];
        const uint64_t hash = hash_of_text(text);
        if (table.find(hash, [&](uint32_t other) { return (*this)[other] == text; }) != kNone)
            throw_corrupt("text " + std::to_string(number) + " of an attribute is there twice");
        table.insert(hash, number);
    }
    table_ = std::move(table);
    is_prepared_ = true;
}

void Texts::validate() const {
    uint64_t start = 0;
    for (size_t number = 0; number < size(); ++number) {
        const uint64_t end = ends_[number];
        if (end < start || end > bytes_.size() || end - start > kMaxTextBytes)
            throw_corrupt("text " + std::to_string(number) +
                          " of an attribute ends before it starts, is too long or lies outside its "
                          "section");
        if (!is_utf8({bytes_.data() + start, end - start}))
            throw_corrupt("text " + std::to_string(number) + " of an attribute is not UTF-8");
        start = end;
    }
    if (start != bytes_.size())
        throw_corrupt("the texts of an attribute do not end where their section does");
}

void Texts::reserve_more(size_t count, size_t bytes) {
    ends_.reserve(size() + count);
    bytes_.reserve(bytes_.size() + bytes);
    table_.reserve(size() + count,
                   [this](uint32_t number) { return hash_of_text((*this)[number]); });
}

void Texts::append(std::string_view text) {
    const size_t start = bytes_.size(), number = size();
    bytes_.resize(start + text.size());
    std::ranges::copy(text, bytes_.data() + start);
    ends_.resize(number + 1);
    ends_[number] = start + text.size();
    table_.insert(hash_of_text(text), static_cast<uint32_t>(number));
}

void Texts::restore(Array<uint64_t> ends, Array<char> bytes) {
    ends_ = std::move(ends);
    bytes_ = std::move(bytes);
    is_prepared_ = false;
}

}  // namespace vecq
