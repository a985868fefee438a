// Validates, finds and appends sets of tags.
#include "rows/tag_sets.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "storage/file_errors.hpp"

namespace vecq {
namespace {

uint64_t hash_of_tags(std::span<const uint32_t> tags) { return hash_of(std::as_bytes(tags)); }

}  // namespace

uint32_t TagSets::find(std::span<const uint32_t> tags) const {
    return table_.find(hash_of_tags(tags),
                       [&](uint32_t number) { return std::ranges::equal((*this)[number], tags); });
}

void TagSets::prepare(size_t texts) const {
    if (is_prepared_) return;
    const std::lock_guard lock(preparing_);
    if (is_prepared_) return;
    std::vector<uint64_t> starts = validated_starts(texts);
    NumberTable table;
    table.reserve(starts.size(), [](uint32_t) { return 0; });
    starts_ = std::move(starts);
    for (uint32_t number = 0; number < size(); ++number)
        table.insert(hash_of_tags((*this)[number]), number);
    table_ = std::move(table);
    is_prepared_ = true;
}

std::vector<uint64_t> TagSets::validated_starts(size_t texts) const {
    std::vector<uint64_t> starts;
    for (uint64_t at = 0; at < stored_.size();) {
        const uint64_t count = stored_[at], rest = stored_.size() - at - 1;
        const std::string set = "tag set " + std::to_string(starts.size());
        if (count > rest) throw_corrupt(set + " lies outside its section");
        const std::span tags(stored_.data() + at + 1, count);
        for (size_t i = 0; i < count; ++i)
            if (tags[i] >= texts || (i > 0 && tags[i] <= tags[i - 1]))
                throw_corrupt(set + " has tags that are not ascending or out of range");
        starts.push_back(at);
        at += 1 + count;
    }
    return starts;
}

void TagSets::reserve_more(size_t count, size_t tags) {
    stored_.reserve(stored_.size() + count + tags);
    if (const size_t sets = size() + count; sets > starts_.capacity())
        starts_.reserve(std::max(sets, 2 * starts_.capacity()));
    table_.reserve(size() + count,
                   [this](uint32_t number) { return hash_of_tags((*this)[number]); });
}

void TagSets::append(std::span<const uint32_t> tags) {
    const size_t start = stored_.size(), number = size();
    stored_.resize(start + 1 + tags.size());
    stored_[start] = static_cast<uint32_t>(tags.size());
    std::ranges::copy(tags, stored_.data() + start + 1);
    starts_.push_back(start);
    table_.insert(hash_of_tags(tags), static_cast<uint32_t>(number));
}

void TagSets::restore(Array<uint32_t> stored) {
    stored_ = std::move(stored);
    is_prepared_ = false;
}

}  // namespace vecq
