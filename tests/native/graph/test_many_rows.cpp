// Walks over 4,000,000,000 rows, nearly all of which are holes: real rows lie at both ends and
// around 2^31, so nodes and their keys have every bit. Each instruction set finds what sorting the
// scores finds, with filters, exclusions and narrow beams.
#if !defined(VECQ_EMULATED)  // emulators keep a record of every mapped page
#include <sys/mman.h>

#include <algorithm>
#include <set>
#include <vector>

#include "base/rng.hpp"
#include "check.hpp"
#include "engine/list.hpp"
#include "graph/marked_keys.hpp"

using namespace vecq;

namespace {

constexpr size_t kRows = 4'000'000'000, kDim = 64, kDegree = 8, kPerPlace = 100;

// Zeroes, of which only those written to take memory.
template <class T>
class Sparse {
public:
    explicit Sparse(size_t count)
        : bytes_(count * sizeof(T)),
          data_(mmap(nullptr, bytes_, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {}
    ~Sparse() {
        if (is_mapped()) munmap(data_, bytes_);
    }
    Sparse(const Sparse&) = delete;

    bool is_mapped() const { return data_ != MAP_FAILED; }
    T* data() const { return static_cast<T*>(data_); }

private:
    size_t bytes_;
    void* data_;
};

// Rows of a width whose codes are whole numbers, so that all instruction sets score alike.
class Sample {
public:
    explicit Sample(Width width)
        : width_(width),
          codes_(kRows * row_bytes(width, kDim)),
          affine_(kRows),
          links_(kRows * kDegree),
          allowed_(words_for(kRows)),
          query_(kDim * query_code_bytes(width)) {
        if (!is_mapped()) return;
        for (const size_t first : {size_t{0}, (size_t{1} << 31) - kPerPlace / 2, kRows - kPerPlace})
            for (size_t i = 0; i < kPerPlace; ++i)
                real_.push_back(static_cast<uint32_t>(first + i));
        Random random(1);
        for (const uint32_t row : real_) {
            put_codes(codes_.data() + row * row_bytes(width_, kDim), random, true);
            affine_.data()[row] = {1, static_cast<float>(random.below(3))};
            if (random.below(3) == 0) set_bit(allowed_.data(), row);
            link(row, random);
        }
        sum_ = put_codes(query_.as<std::byte>(), random, false);
    }

    bool is_mapped() const {
        return codes_.is_mapped() && affine_.is_mapped() && links_.is_mapped() &&
               allowed_.is_mapped();
    }
    Width width() const { return width_; }
    const std::vector<uint32_t>& real() const { return real_; }
    const uint64_t* allowed() const { return allowed_.data(); }
    ScoredRows scored() const {
        return {{codes_.data(), row_bytes(width_, kDim), kRows}, kDim, affine_.data()};
    }
    EncodedQuery query() const {
        return {.parts = {{query_.as<void>(), sum_}, {}},
                .part_count = 1,
                .scale = 1,
                .bias = 1,
                .offset = 0};
    }
    Layer layer() const { return {links_.data(), kDegree, kRows, nullptr, nullptr}; }

    // The keys of the rows that a filter allows, best first, as beams round their scores.
    std::vector<Key> expected(const Kernels& kernels, const RowFilter& filter) const {
        const MarkedKeys marked(kRows);
        std::vector<float> scores(real_.size());
        kernels.score(query(), scored(), real_, scores.data());
        std::vector<Key> keys;
        for (size_t i = 0; i < real_.size(); ++i)
            if (filter.may_return(real_[i]))
                keys.push_back(marked.plain(marked.key_of(scores[i], real_[i])));
        std::sort(keys.begin(), keys.end());
        return keys;
    }

private:
    // Returns the sum of the codes.
    int32_t put_codes(std::byte* to, Random& random, bool is_row) const {
        int32_t sum = 0;
        for (size_t i = 0; i < kDim; ++i) {
            const auto code = static_cast<int32_t>(random.below(61)) - 30;
            sum += code;
            if (width_ == Width::fp32)
                reinterpret_cast<float*>(to)[i] = static_cast<float>(code);
            else
                to[i] = static_cast<std::byte>(code + (is_row ? kRowOffset : 0));
        }
        return sum;
    }

    // Links to the next row and back, and to any others.
    void link(uint32_t row, Random& random) {
        const size_t at = real_.size() - 1,
                     own = static_cast<size_t>(std::ranges::find(real_, row) - real_.begin());
        uint32_t* list = layer().list(row);
        std::set<uint32_t> links = {real_[own == at ? 0 : own + 1], real_[own == 0 ? at : own - 1]};
        while (links.size() < kDegree - 1)
            if (const uint32_t other = real_[random.below(real_.size())]; other != row)
                links.insert(other);
        std::fill_n(std::ranges::copy(links, list).out, kDegree - links.size(), kNone);
    }

    Width width_;
    Sparse<std::byte> codes_;
    Sparse<Affine> affine_;
    Sparse<uint32_t> links_;
    Sparse<uint64_t> allowed_;
    Memory query_;
    int32_t sum_ = 0;
    std::vector<uint32_t> real_;
};

std::vector<Key> walk(const Kernels& kernels, const Sample& sample, size_t width,
                      const RowFilter* filter, uint32_t entry) {
    const EncodedQuery query = sample.query();
    const Layer layer = sample.layer();
    WalkScratch scratch;
    std::vector<Key> found(width);
    size_t count = 0;
    kernels.search({.graph = {&layer, 1, &entry, 1},
                    .scored = sample.scored(),
                    .queries = {&query, 1},
                    .width = width,
                    .stop = {},
                    .filters = filter,
                    .scratch = {&scratch, 1},
                    .found = found.data(),
                    .found_counts = &count});
    found.resize(count);
    return found;
}

void search_all(const Engine& engine, const Sample& sample) {
    const Kernels& kernels = engine[sample.width()];
    const std::vector<uint32_t>& real = sample.real();
    std::vector<uint32_t> excluded_rows;
    for (size_t i = 0; i < real.size(); i += 2) excluded_rows.push_back(real[i]);
    RowSet excluded;
    excluded.assign(excluded_rows);
    const RowFilter open{}, allowing{.allowed = sample.allowed(), .routing_candidates = 400},
        excluding{.excluded_rows = excluded_rows, .excluded = &excluded, .routing_candidates = 400};
    for (const uint32_t entry : {real.front(), real[kPerPlace + 3], real.back()}) {
        for (const RowFilter& filter : {open, allowing, excluding}) {
            const std::vector<Key> expected = sample.expected(kernels, filter);
            const std::vector<Key> found = walk(kernels, sample, real.size(), &filter, entry);
            CHECK(found == expected, engine.name, entry, found.size(), expected.size());
        }
        // With merged vectors of keys and, beyond their widest beam, with merged offers.
        const std::vector<Key> expected = sample.expected(kernels, open);
        for (const size_t width : {real.size(), size_t{600}})
            CHECK(walk(kernels, sample, width, nullptr, entry) == expected, engine.name, width);
        // Narrow ones miss rows, the same on all instruction sets.
        for (const size_t width : {size_t{1}, size_t{20}, size_t{100}}) {
            const std::vector<Key> few = walk(kernels, sample, width, nullptr, entry);
            CHECK(few.size() == width &&
                      few == walk(engine_scalar[sample.width()], sample, width, nullptr, entry),
                  engine.name, width, entry);
        }
    }
}

}  // namespace

TEST(walks_find_rows_of_all_numbers) {
    for (const Width width : {Width::int8, Width::fp32}) {
        const Sample sample(width);
        if (!sample.is_mapped()) {
            SKIP("four billion rows: too few addresses");
            return;
        }
        for (const Engine* engine : engines())
            if (engine->missing() == nullptr) search_all(*engine, sample);
    }
}
#endif
