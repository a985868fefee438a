// Validates, converts and writes values of attributes.
#include "rows/attribute_values.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <utility>

#include "base/status.hpp"
#include "base/utf8.hpp"
#include "storage/file_errors.hpp"

namespace vecq {
namespace {

// Number of rows, texts or sets that are written per write lock: some ten microseconds.
constexpr size_t kRowsTogether = 8192, kTextsTogether = 256;

std::string quoted(std::string_view name) { return "attributes '" + std::string(name) + "'"; }

[[noreturn]] void refuse_values(const GivenValues& given, const std::string& fault) {
    refuse("attributes", quoted(given.name) + " " + fault);
}

void require_offsets(const GivenValues& given, const int64_t* offsets, size_t count,
                     const char* name) {
    if (offsets == nullptr) refuse_values(given, std::string("has no ") + name);
    for (size_t i = 0; i < count; ++i)
        if (offsets[0] != 0 || offsets[i + 1] < offsets[i])
            refuse_values(given, std::string("has ") + name + " that descend or do not start at 0");
}

std::string_view text_of(const GivenValues& given, size_t number) {
    const int64_t start = given.text_offsets[number];
    return {given.texts + start, static_cast<size_t>(given.text_offsets[number + 1] - start)};
}

// Converts the values of one attribute. `check` runs for all attributes before any `store`.
class Conversion {
public:
    Conversion(Attribute& attribute, const GivenValues& given, size_t count)
        : attribute_(attribute), given_(given), count_(count) {}

    void check() const {
        const AttributeKind kind = attribute_.spec.kind;
        const bool is_tags = kind == AttributeKind::tags;
        if (given_.nulls != nullptr)
            for (size_t i = 0; i < count_; ++i)
                if (given_.nulls[i] > 1) refuse_values(given_, "has nulls other than 0 and 1");
        if (is_tags) require_offsets(given_, given_.offsets, count_, "offsets");
        const size_t elements = is_tags ? static_cast<size_t>(given_.offsets[count_]) : count_;
        if (elements > 0 && given_.values == nullptr) refuse_values(given_, "has no values");
        if (has_texts(kind)) check_texts(elements, is_tags);
        if (kind == AttributeKind::boolean)
            for (size_t i = 0; i < count_; ++i)
                if (!is_null(i) && element<uint8_t>(i) > 1)
                    refuse_values(given_, "has " + std::to_string(element<uint8_t>(i)) + " at " +
                                              std::to_string(i) + ", expected 0 or 1");
        attribute_.prepare();
    }

    StoredValues store(FairSharedMutex& searches) {
        StoredValues stored{attribute_.number, {}};
        stored.elements.resize(count_ * attribute_.values.element_bytes());
        const auto write = [&]<class T>(const std::function<T(size_t)>& value_of, T null) {
            for (size_t i = 0; i < count_; ++i) {
                const T value = is_null(i) ? null : value_of(i);
                std::memcpy(stored.elements.data() + i * sizeof value, &value, sizeof value);
            }
        };
        switch (attribute_.spec.kind) {
            case AttributeKind::float32:
                write(std::function([this](size_t i) { return element<float>(i); }),
                      std::numeric_limits<float>::quiet_NaN());
                break;
            case AttributeKind::boolean:
                write(std::function([this](size_t i) {
                          return static_cast<uint8_t>(element<uint8_t>(i) == 0 ? kFalse : kTrue);
                      }),
                      uint8_t{0});
                break;
            case AttributeKind::category: {
                const std::vector<uint32_t> numbers = own_numbers(searches);
                write(std::function([&](size_t i) { return 1 + numbers[element<uint32_t>(i)]; }),
                      0U);
                break;
            }
            case AttributeKind::tags: {
                const std::vector<uint32_t> codes = set_codes(own_numbers(searches), searches);
                write(std::function([&](size_t i) { return codes[i]; }), 0U);
                break;
            }
            default:
                write(std::function([this](size_t i) { return element<int64_t>(i); }),
                      kNullInteger);
        }
        return stored;
    }

private:
    bool is_null(size_t i) const { return given_.nulls != nullptr && given_.nulls[i] != 0; }

    // Callers' arrays may be unaligned.
    template <class T>
    T element(size_t i) const {
        T value;
        std::memcpy(&value, static_cast<const std::byte*>(given_.values) + i * sizeof value,
                    sizeof value);
        return value;
    }

    void check_texts(size_t elements, bool is_tags) const {
        if (given_.text_count > 0) {
            require_offsets(given_, given_.text_offsets, given_.text_count, "text offsets");
            if (given_.text_offsets[given_.text_count] > 0 && given_.texts == nullptr)
                refuse_values(given_, "has no texts");
        }
        for (size_t number = 0; number < given_.text_count; ++number) {
            const std::string_view text = text_of(given_, number);
            if (text.size() > kMaxTextBytes)
                refuse_values(given_, "has a text of " + std::to_string(text.size()) +
                                          " bytes, expected at most " +
                                          std::to_string(kMaxTextBytes));
            if (!is_utf8(text))
                refuse_values(given_,
                              "has text " + std::to_string(number) + ", which is not UTF-8");
        }
        for (size_t i = 0; i < elements; ++i)
            if ((is_tags || !is_null(i)) && element<uint32_t>(i) >= given_.text_count)
                refuse_values(given_, "has text number " + std::to_string(element<uint32_t>(i)) +
                                          ", expected below " + std::to_string(given_.text_count));
    }

    // The attribute's numbers of the given texts. Appends those that are new.
    std::vector<uint32_t> own_numbers(FairSharedMutex& searches) {
        Texts& texts = attribute_.texts;
        std::vector<uint32_t> numbers(given_.text_count);
        std::vector<uint32_t> fresh;
        for (uint32_t i = 0; i < numbers.size(); ++i)
            if ((numbers[i] = texts.find(text_of(given_, i))) == Texts::kNone) fresh.push_back(i);
        for (size_t first = 0; first < fresh.size(); first += kTextsTogether) {
            const size_t end = std::min(fresh.size(), first + kTextsTogether);
            const auto alone = searches.write();
            for (size_t i = first; i < end; ++i) {
                const std::string_view text = text_of(given_, fresh[i]);
                uint32_t& number = numbers[fresh[i]];
                number = texts.find(text);  // a caller may give a text twice
                if (number != Texts::kNone) continue;
                texts.reserve_more(1, text.size());
                number = static_cast<uint32_t>(texts.size());
                texts.append(text);
            }
        }
        return numbers;
    }

    // The codes of the items' tag sets. Appends those that are new.
    std::vector<uint32_t> set_codes(const std::vector<uint32_t>& numbers,
                                    FairSharedMutex& searches) {
        TagSets& sets = attribute_.sets;
        std::vector<uint32_t> codes(count_), tags;
        std::vector<size_t> fresh;
        for (size_t i = 0; i < count_; ++i) {
            if (is_null(i)) continue;
            tags_of(i, numbers, tags);
            const uint32_t number = sets.find(tags);
            if (number == TagSets::kNone) fresh.push_back(i);
            codes[i] = number + 1;
        }
        for (size_t first = 0; first < fresh.size(); first += kTextsTogether) {
            const size_t end = std::min(fresh.size(), first + kTextsTogether);
            const auto alone = searches.write();
            for (size_t i = first; i < end; ++i) {
                tags_of(fresh[i], numbers, tags);
                uint32_t number = sets.find(tags);
                if (number == TagSets::kNone) {
                    sets.reserve_more(1, tags.size());
                    number = static_cast<uint32_t>(sets.size());
                    sets.append(tags);
                }
                codes[fresh[i]] = number + 1;
            }
        }
        return codes;
    }

    // Sorted, each once.
    void tags_of(size_t i, const std::vector<uint32_t>& numbers,
                 std::vector<uint32_t>& tags) const {
        tags.clear();
        for (int64_t at = given_.offsets[i]; at < given_.offsets[i + 1]; ++at)
            tags.push_back(numbers[element<uint32_t>(static_cast<size_t>(at))]);
        std::ranges::sort(tags);
        tags.erase(std::unique(tags.begin(), tags.end()), tags.end());
    }

    Attribute& attribute_;
    const GivenValues& given_;
    size_t count_;
};

template <class T>
T value_at(const Attribute& attribute, size_t row) {
    return attribute.values.data<const T>()[row];
}

// The code of a category or tags; 0 is null.
uint32_t code_at(const Attribute& attribute, size_t row) {
    const auto code = value_at<uint32_t>(attribute, row);
    if (code > attribute.largest_code())
        throw_corrupt("attribute '" + attribute.spec.name + "' has code " + std::to_string(code) +
                      " at row " + std::to_string(row) + ", expected at most " +
                      std::to_string(attribute.largest_code()));
    return code;
}

}  // namespace

std::vector<StoredValues> stored_values(Attributes& attributes, std::span<const GivenValues> given,
                                        size_t count, FairSharedMutex& searches) {
    std::vector<Conversion> conversions;
    std::vector<bool> is_given(attributes.size());
    for (const GivenValues& values : given) {
        const Attribute* attribute = attributes.find(values.name);
        if (attribute == nullptr) refuse_values(values, attributes.is_no_attribute());
        if (is_given[attribute->number]) refuse_values(values, "is given twice");
        is_given[attribute->number] = true;
        conversions.emplace_back(attributes[attribute->number], values, count).check();
    }
    std::vector<StoredValues> stored;
    for (Conversion& conversion : conversions) stored.push_back(conversion.store(searches));
    return stored;
}

void set_values(Attributes& attributes, std::span<const uint32_t> rows,
                std::span<const StoredValues> columns, FairSharedMutex& searches) {
    attributes.freeze(columns, searches);
    for (size_t first = 0; first < rows.size(); first += kRowsTogether) {
        const size_t end = std::min(rows.size(), first + kRowsTogether);
        const auto alone = searches.write();
        for (size_t i = first; i < end; ++i) {
            attributes.write(rows[i], columns, i);
            attributes.note_change(rows[i]);
        }
    }
}

size_t read_values(const Attribute& attribute, std::span<const uint32_t> rows, void* values,
                   size_t capacity, uint8_t* nulls, int64_t* offsets) {
    attribute.prepare();
    const AttributeKind kind = attribute.spec.kind;
    size_t used = 0;
    const auto put = [&](auto value) {
        if (used < capacity)
            std::memcpy(static_cast<std::byte*>(values) + used * sizeof value, &value,
                        sizeof value);
        ++used;
    };
    for (size_t i = 0; i < rows.size(); ++i) {
        const uint32_t row = rows[i];
        if (offsets != nullptr) offsets[i] = static_cast<int64_t>(used);
        bool is_null = false;
        if (kind == AttributeKind::float32) {
            is_null = std::isnan(value_at<float>(attribute, row));
            put(value_at<float>(attribute, row));
        } else if (kind == AttributeKind::boolean) {
            const auto value = value_at<uint8_t>(attribute, row);
            is_null = value != kFalse && value != kTrue;
            put(static_cast<uint8_t>(value == kTrue));
        } else if (has_texts(kind)) {
            const uint32_t code = code_at(attribute, row);
            is_null = code == 0;
            if (kind == AttributeKind::category) {
                put(is_null ? 0 : code - 1);
            } else if (!is_null) {
                for (const uint32_t tag : attribute.sets[code - 1]) put(tag);
            }
        } else {
            is_null = value_at<int64_t>(attribute, row) == kNullInteger;
            put(value_at<int64_t>(attribute, row));
        }
        if (nulls != nullptr) nulls[i] = is_null ? 1 : 0;
    }
    if (offsets != nullptr) offsets[rows.size()] = static_cast<int64_t>(used);
    return used;
}

}  // namespace vecq
