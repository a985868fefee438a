// Fuzzes section contents: edits valid files and calls every entry on the result, under sanitizers.
//
// An input is a program: a byte that selects a valid file and its use, then edits of kEditBytes
// each. An edit overwrites words of a section or changes its number of elements. The file is then
// laid out and sealed, so that each section has a valid checksum and invalid contents.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <numeric>
#include <span>

#include "attributes.hpp"
#include "files.hpp"

namespace {

using namespace files;
using samples::random_vector;

constexpr size_t kDim = 6, kRows = 70, kMaxQueries = 70;
// Enough rows for a scan to take bounds from a sample.
constexpr size_t kSampledRows = 8200;
constexpr size_t kEditBytes = 10, kMaxEdits = 12;
// Flag in the first byte: also changes and saves the index.
constexpr uint8_t kChanges = 0x80;

struct Section {
    SectionEntry entry;
    std::vector<char> contents;
};

struct File {
    FileHeader header;
    std::vector<Section> sections;

    explicit File(Bytes bytes) : header(bytes.header()) {
        for (size_t i = 0; i < header.section_count; ++i) {
            const SectionEntry entry = bytes.entries()[i];
            const char* from = bytes.data() + entry.offset;
            sections.push_back({entry, {from, from + entry.bytes()}});
        }
    }

    Bytes sealed() const {
        Bytes bytes;
        bytes.resize(sizeof header + sections.size() * sizeof(SectionEntry));
        bytes.header() = header;
        for (size_t i = 0; i < sections.size(); ++i) {
            SectionEntry entry = sections[i].entry;
            entry.count = sections[i].contents.size() / entry.element_bytes;
            entry.offset = vecq::section_start(bytes.size());
            bytes.resize(entry.offset);
            bytes.insert(bytes.end(), sections[i].contents.begin(),
                         sections[i].contents.begin() + static_cast<ptrdiff_t>(entry.bytes()));
            bytes.entries()[i] = entry;
        }
        bytes.header().file_bytes = bytes.size();
        bytes.seal();
        return bytes;
    }
};

struct Variant {
    int32_t metric, width, scale;
    bool is_centered, has_rerank, is_changed;
    size_t rows;
    bool has_attributes = false;
};

constexpr Variant kVariants[] = {
    {VECQ_IP, VECQ_INT8, VECQ_SCALE_VECTOR, false, true, true, kRows},
    {VECQ_L2, VECQ_INT8, VECQ_SCALE_GLOBAL, true, false, false, kRows},
    {VECQ_COSINE, VECQ_INT16, VECQ_SCALE_GLOBAL, true, false, true, kRows},
    {VECQ_L2, VECQ_FP32, VECQ_SCALE_VECTOR, false, true, false, kRows},
    {VECQ_IP, VECQ_FP16, VECQ_SCALE_VECTOR, false, false, true, kRows},
    {VECQ_COSINE, VECQ_INT8, VECQ_SCALE_VECTOR, false, false, false, kSampledRows},
    {VECQ_L2, VECQ_FP16, VECQ_SCALE_VECTOR, true, false, false, kSampledRows},
    {VECQ_L2, VECQ_INT8, VECQ_SCALE_VECTOR, false, false, true, kRows, true},
    {VECQ_IP, VECQ_INT4, VECQ_SCALE_VECTOR, false, true, true, kRows},
    {VECQ_COSINE, VECQ_INT12, VECQ_SCALE_VECTOR, false, false, true, kRows},
};

File make_file(const Variant& variant, const std::string& path) {
    const Codec codec(variant.width, kDim, variant.scale, variant.is_centered),
        rerank(VECQ_FP16, kDim);
    const vecq_index_options options{sizeof options,
                                     variant.metric,
                                     VECQ_LINK_AUTO,
                                     3,
                                     8,
                                     1,
                                     attributes::kSchema,
                                     variant.has_attributes ? attributes::kAttributes : 0};
    Index index(options, codec, variant.has_rerank ? &rerank : nullptr);
    Vector vectors = random_vector(variant.rows * kDim, 1);
    std::fill_n(vectors.data(), 2 * kDim, 0.0F);
    Ids ids(variant.rows);
    std::iota(ids.begin(), ids.end(), 5);
    bool is_valid = index.fit(vectors) == VECQ_OK &&
                    (variant.has_attributes ? attributes::add(index, vectors, ids, 0)
                                            : index.add(vectors, ids));
    if (variant.is_changed) {
        is_valid = is_valid && index.remove({9, 10, 11, 40, 71}) == VECQ_OK &&
                   index.update(random_vector(2 * kDim, 2), {12, 300});
        const vecq_curve_point curve[] = {{5, 10, 0.5}, {5, 40, 1}};
        is_valid = is_valid &&
                   vecq_index_set_curve(index.own, curve, 2, variant.rows, nullptr) == VECQ_OK &&
                   vecq_index_set_rerank_widths(index.own, curve, 1, nullptr) == VECQ_OK;
    }
    if (!is_valid || save(index.own, path) != VECQ_OK) std::abort();
    return File(Bytes(path));
}

// Returns a number at the limits of kernels, lists and tables; `own` is the number it replaces.
uint32_t odd_number(uint8_t choice, uint32_t own, uint32_t rows, uint32_t any) {
    const float largest = std::numeric_limits<float>::max();
    const uint32_t numbers[] = {0x7fc00000,  // NaN
                                0xffc00000,
                                0x7f800001,  // signalling
                                0x7f800000,  // infinity
                                0xff800000,
                                0x7e007e00,  // a pair of half-precision NaNs
                                0xfc007c00,  // a pair of half-precision infinities
                                std::bit_cast<uint32_t>(largest),
                                std::bit_cast<uint32_t>(-largest),
                                0x00000001,  // subnormal as a float
                                0,
                                0x7fffffff,
                                0x80000000,
                                0xfffffffe,
                                0xffffffff,
                                rows - 1,
                                rows,
                                rows + 1,
                                own - 1,
                                own + 1,
                                own ^ 0x80000000,
                                any};
    return numbers[choice % std::size(numbers)];
}

// Applies an edit. Its bytes: operation, section, place (2), number, count, any (4).
void edit(File& file, const uint8_t* bytes) {
    uint16_t place = 0;
    uint32_t any = 0;
    std::memcpy(&place, bytes + 2, sizeof place);
    std::memcpy(&any, bytes + 6, sizeof any);
    Section& section = file.sections[bytes[1] % file.sections.size()];
    std::vector<char>& contents = section.contents;
    const size_t element = section.entry.element_bytes, words = contents.size() / 4;
    const auto rows = static_cast<uint32_t>(kRows);
    const auto overwrite = [&](size_t word) {
        uint32_t own = 0;
        std::memcpy(&own, contents.data() + 4 * word, sizeof own);
        own = odd_number(bytes[4], own, rows, any);
        std::memcpy(contents.data() + 4 * word, &own, sizeof own);
    };
    switch (bytes[0] % 6) {
        case 0:  // one word
            if (words > 0) overwrite(place % words);
            return;
        case 1:  // some words
            for (size_t i = 0; i < bytes[5] && words > 0; ++i) overwrite((place + i) % words);
            return;
        case 2:  // all words
            for (size_t i = 0; i < words; ++i) overwrite(i);
            return;
        case 3:  // one element becomes a copy of another
            if (const size_t count = contents.size() / element; count > 0)
                std::copy_n(contents.begin() + static_cast<ptrdiff_t>(any % count * element),
                            element,
                            contents.begin() + static_cast<ptrdiff_t>(place % count * element));
            return;
        case 4: {  // a few elements more or fewer
            const ptrdiff_t change = static_cast<int8_t>(bytes[5]) % 4;
            const auto size =
                static_cast<ptrdiff_t>(contents.size()) + change * static_cast<ptrdiff_t>(element);
            contents.resize(static_cast<size_t>(std::max<ptrdiff_t>(size, 0)));
            return;
        }
        default:  // the section becomes another one, of the same elements
            if (any % 8 == 0) section.entry.id.kind = 1 + bytes[5] % 27;
            return;
    }
}

void require(bool holds) {
    if (!holds) std::abort();
}

void search(const Opened& index, size_t count, int32_t plan) {
    constexpr size_t k = 3;
    const Found found = index.search(random_vector(count * index.dim(), count),
                                     search_of(k, 10, count % 2 == 0 ? 8 : 15, 0, plan));
    // An edited mean or scale may take queries beyond float32.
    if (found.status == VECQ_INVALID_ARGUMENT) return;
    require(found.status == VECQ_OK);
    for (size_t q = 0; q < count; ++q) {
        require(found.counts[q] >= 0 && found.counts[q] <= static_cast<int64_t>(k));
        for (size_t i = static_cast<size_t>(found.counts[q]); i < k; ++i)
            require(found.ids[q * k + i] == -1);
    }
}

void search_all(const std::string& path, bool is_sampled) {
    const Opened index(path);
    if (index.status != VECQ_OK) return;
    for (size_t count = 1; count <= kMaxQueries; ++count) {
        if (is_sampled && count != 6 && count != 7 && count != 33 && count != 64) continue;
        search(index, count, VECQ_PLAN_SCAN);
        search(index, count, VECQ_PLAN_WALK);
    }
    if (is_sampled) problems_of(index.own);
    attributes::use(index.own, index.dim(), false);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const Folder folder;
    static const std::string path = folder / "a.vecq", copy = folder / "b.vecq";
    static const std::vector<File> files = [] {
        std::vector<File> all;
        for (const Variant& variant : kVariants) all.push_back(make_file(variant, path));
        return all;
    }();
    if (size == 0) return 0;
    const size_t number = (data[0] & ~kChanges) % files.size();
    File file = files[number];
    for (size_t at = 1, edits = 0; at + kEditBytes <= size && edits < kMaxEdits;
         at += kEditBytes, ++edits)
        edit(file, data + at);
    file.sealed().write(path);
    const bool is_sampled = kVariants[number].rows == kSampledRows;
    search_all(path, is_sampled);
    if (is_sampled || (data[0] & kChanges) == 0) return 0;
    use(path, copy);
    const Opened writable(path, true);
    if (writable.status == VECQ_OK) attributes::use(writable.own, writable.dim(), true);
    return 0;
}

// Adds, removes and changes whole edits: with few of them most files still open.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t capacity,
                                          unsigned seed) {
    vecq::Random random(seed);
    if (size == 0 || random.below(8) == 0) data[0] = static_cast<uint8_t>(random.next());
    const size_t max_edits = std::min(kMaxEdits, (capacity - 1) / kEditBytes);
    size_t edits = size == 0 ? 0 : std::min((size - 1) / kEditBytes, max_edits);
    const auto at = [&](size_t number) { return data + 1 + number * kEditBytes; };
    const size_t choice = random.below(4);
    if (edits > 0 && choice == 0) {
        --edits;
        std::copy_n(at(edits), kEditBytes, at(random.below(edits + 1)));
    } else if (edits < max_edits && (edits == 0 || choice == 1)) {
        for (size_t i = 0; i < kEditBytes; ++i) at(edits)[i] = static_cast<uint8_t>(random.next());
        ++edits;
    } else if (edits > 0) {
        at(random.below(edits))[random.below(kEditBytes)] = static_cast<uint8_t>(random.next());
    }
    return 1 + edits * kEditBytes;
}
