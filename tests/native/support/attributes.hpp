// Indexes with attributes of all kinds, for tests.
#pragma once

#include <string>
#include <vector>

#include "indexes.hpp"

namespace attributes {

using namespace indexes;

inline constexpr vecq_attribute kSchema[] = {{"price", VECQ_FLOAT32},    {"year", VECQ_INT64},
                                             {"created", VECQ_DATETIME}, {"stock", VECQ_BOOL},
                                             {"seller", VECQ_CATEGORY},  {"tags", VECQ_TAGS}};
inline constexpr size_t kAttributes = std::size(kSchema);

inline vecq_index_options options_of(int32_t metric) {
    vecq_index_options options = indexes::options_of(metric);
    options.attributes = kSchema;
    options.attribute_count = kAttributes;
    return options;
}

// A value of every attribute for each of some items: the number of the item plus `from`, in
// several forms. Every seventh item has none.
class Values {
public:
    Values(size_t count, size_t from) : offsets_{0}, text_offsets_{0} {
        for (size_t i = 0; i < kTexts; ++i) {
            texts_ += "text " + std::to_string(i);
            text_offsets_.push_back(static_cast<int64_t>(texts_.size()));
        }
        for (size_t i = from; i < from + count; ++i) {
            nulls_.push_back(i % 7 == 0);
            floats_.push_back(static_cast<float>(i));
            integers_.push_back(static_cast<int64_t>(i));
            bytes_.push_back(i % 2);
            codes_.push_back(i % kTexts);
            for (size_t tag = 0; tag < i % 3; ++tag) tags_.push_back((i + tag) % kTexts);
            offsets_.push_back(static_cast<int64_t>(tags_.size()));
        }
        const void* values[] = {floats_.data(), integers_.data(), integers_.data(),
                                bytes_.data(),  codes_.data(),    tags_.data()};
        for (size_t i = 0; i < kAttributes; ++i)
            columns.push_back({kSchema[i].name, values[i], nulls_.data(), offsets_.data(),
                               texts_.data(), text_offsets_.data(), kTexts});
    }
    Values(const Values&) = delete;
    Values& operator=(const Values&) = delete;

    static constexpr size_t kTexts = 5;
    std::vector<vecq_attribute_values> columns;

private:
    std::vector<uint8_t> nulls_, bytes_;
    std::vector<float> floats_;
    std::vector<int64_t> integers_, offsets_, text_offsets_;
    std::vector<uint32_t> codes_, tags_;
    std::string texts_;
};

inline bool add(Index& index, const Vector& vectors, const Ids& ids, size_t from) {
    const Values values(ids.size(), from);
    return index.stage(vectors, ids) == VECQ_OK &&
           vecq_index_stage_attributes(index.own, values.columns.data(), kAttributes, ids.size(),
                                       &index.error) == VECQ_OK &&
           index.link_all() && index.settle() == VECQ_OK;
}

inline vecq_status set(vecq_index* index, const Ids& ids, size_t from,
                       vecq_error* error = nullptr) {
    const Values values(ids.size(), from);
    return vecq_index_set_attributes(index, ids.data(), ids.size(), values.columns.data(),
                                     kAttributes, error);
}

// Searches, reads and changes attributes. Results do not matter, only that nothing crashes.
inline void use(vecq_index* index, size_t dim, bool is_writable) {
    static constexpr const char* kWhere[] = {
        "price < 50", "year >= 3 and not created < '1970-01-01T00:00:00.00001'",
        "stock or seller = 'text 1' or tags has 'text 2'",
        "seller is null or tags is null or seller in ('text 0', 'text 4') and tags in ('text 1')",
        "not seller != 'text 3'"};
    size_t count = 0;
    vecq_index_ids(index, nullptr, 0, &count, nullptr);
    Ids ids(count);
    if (vecq_index_ids(index, ids.data(), count, &count, nullptr) != VECQ_OK) return;
    for (int round = 0; round < (is_writable ? 2 : 1); ++round) {
        for (const char* where : kWhere)
            for (const int32_t plan : {VECQ_PLAN_AUTO, VECQ_PLAN_WALK, VECQ_PLAN_SCAN}) {
                vecq_search_options options = search_of(5, 20, 15, 0, plan);
                options.where = &where;
                options.where_count = 1;
                const Vector query(dim, 1);
                Ids found(5), counts(1);
                Vector scores(5);
                vecq_index_search(index, &options, query.data(), 1, found.data(), scores.data(),
                                  counts.data(), nullptr, nullptr);
            }
        for (const vecq_attribute& attribute : kSchema) {
            std::vector<int64_t> values(8 * count + 8), offsets(count + 1);
            std::vector<uint8_t> nulls(count);
            std::vector<char> texts(1000);
            size_t written = 0, bytes = 0;
            vecq_index_get_attribute(index, attribute.name, ids.data(), count, values.data(),
                                     values.size(), nulls.data(), offsets.data(), &written,
                                     nullptr);
            vecq_index_attribute_texts(index, attribute.name, 0, texts.data(), texts.size(),
                                       values.data(), values.size(), &written, &bytes, nullptr);
        }
        if (is_writable && count > 3) set(index, {ids[0], ids[1], ids[2]}, 40);
    }
}

}  // namespace attributes
