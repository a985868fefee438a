// Entries for attributes.
#include "abi/arguments.hpp"
#include "abi/attributes.hpp"
#include "abi/fence.hpp"
#include "abi/handles.hpp"

using namespace vecq;

namespace vecq {

std::vector<AttributeSpec> checked_attributes(const vecq_attribute* given, size_t count) {
    if (count > kMaxAttributes)
        refuse("attributes", "attributes has " + std::to_string(count) +
                                 " names, expected at most " + std::to_string(kMaxAttributes));
    if (count > 0) require(given, "attributes");
    std::vector<AttributeSpec> specs;
    for (size_t i = 0; i < count; ++i) {
        const size_t length = strnlen(given[i].name, sizeof given[i].name);
        specs.push_back({{given[i].name, length},
                         checked_enum(given[i].kind, AttributeKind::tags, "attributes")});
    }
    require_valid(specs);
    return specs;
}

}  // namespace vecq

namespace {

std::vector<GivenValues> checked_columns(const vecq_attribute_values* columns, size_t count) {
    if (count > kMaxAttributes)
        refuse("attributes", "attributes has " + std::to_string(count) +
                                 " columns, expected at most " + std::to_string(kMaxAttributes));
    if (count > 0) require(columns, "attributes");
    std::vector<GivenValues> given;
    for (size_t i = 0; i < count; ++i) {
        const vecq_attribute_values& own = columns[i];
        check_size(own.text_count, sizeof *own.text_offsets, "attributes");
        given.push_back({require(own.name, "attributes"), own.values, own.nulls, own.offsets,
                         own.texts, own.text_offsets, own.text_count});
    }
    return given;
}

const Attribute& checked_attribute(const IndexState& state, const char* name) {
    const Attribute* attribute = state.rows.attributes().find(require(name, "name"));
    if (attribute == nullptr)
        refuse("name", "name is '" + std::string(name) + "', which " +
                           state.rows.attributes().is_no_attribute());
    return *attribute;
}

}  // namespace

vecq_status vecq_index_attributes(const vecq_index* index, vecq_attribute* attributes,
                                  size_t capacity, size_t* count, vecq_error* error) {
    return fenced(error, [&] {
        checked(attributes, "attributes", capacity, sizeof *attributes, "capacity");
        require(count, "count");
        require(index, "index")->index.inspect([&](const IndexState& state) {
            const Attributes& own = state.rows.attributes();
            *count = own.size();
            for (size_t i = 0; i < std::min(capacity, own.size()); ++i) {
                copy_text(attributes[i].name, own[i].spec.name);
                attributes[i].kind = static_cast<int32_t>(own[i].spec.kind);
            }
        });
    });
}

vecq_status vecq_index_stage_attributes(vecq_index* index, const vecq_attribute_values* columns,
                                        size_t column_count, size_t count, vecq_error* error) {
    return fenced(error, [&] {
        require(index, "index")
            ->index.stage_attributes(checked_columns(columns, column_count), count);
    });
}

vecq_status vecq_index_set_attributes(vecq_index* index, const int64_t* ids, size_t count,
                                      const vecq_attribute_values* columns, size_t column_count,
                                      vecq_error* error) {
    return fenced(error, [&] {
        Index& own = require(index, "index")->index;
        checked(ids, "ids", count, sizeof *ids, "count");
        own.set_attributes(ids, count, checked_columns(columns, column_count));
    });
}

vecq_status vecq_index_get_attribute(const vecq_index* index, const char* name, const int64_t* ids,
                                     size_t count, void* values, size_t capacity, uint8_t* nulls,
                                     int64_t* offsets, size_t* written, vecq_error* error) {
    return fenced(error, [&] {
        const Index& own = require(index, "index")->index;
        checked(ids, "ids", count, sizeof *ids, "count");
        checked(values, "values", capacity, sizeof(int64_t), "capacity");
        checked(nulls, "nulls", count, sizeof *nulls, "count");
        require(written, "written");
        own.inspect([&](const IndexState& state) {
            const Attribute& attribute = checked_attribute(state, name);
            if (attribute.spec.kind == AttributeKind::tags)
                require(offsets, "offsets");
            else if (capacity < count)
                refuse("capacity", "capacity is " + std::to_string(capacity) +
                                       ", expected at least count, " + std::to_string(count));
            *written = read_values(attribute, state.rows_of(ids, count), values, capacity, nulls,
                                   attribute.spec.kind == AttributeKind::tags ? offsets : nullptr);
        });
    });
}

vecq_status vecq_index_attribute_texts(const vecq_index* index, const char* name, size_t first,
                                       char* texts, size_t text_capacity, int64_t* offsets,
                                       size_t capacity, size_t* count, size_t* bytes,
                                       vecq_error* error) {
    return fenced(error, [&] {
        checked(texts, "texts", text_capacity, 1, "text_capacity");
        checked(offsets, "offsets", capacity, sizeof *offsets, "capacity");
        require(count, "count");
        require(bytes, "bytes");
        require(index, "index")->index.inspect([&](const IndexState& state) {
            const Attribute& attribute = checked_attribute(state, name);
            attribute.prepare();
            const Texts& own = attribute.texts;
            *count = own.size() - std::min(first, own.size());
            *bytes = 0;
            for (size_t i = 0; i < *count; ++i) *bytes += own[first + i].size();
            if (capacity < *count + 1 || text_capacity < *bytes) return;
            size_t used = 0;
            for (size_t i = 0; i < *count; ++i) {
                offsets[i] = static_cast<int64_t>(used);
                used += own[first + i].copy(texts + used, own[first + i].size());
            }
            offsets[*count] = static_cast<int64_t>(used);
        });
    });
}
