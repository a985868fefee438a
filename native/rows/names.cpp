// The hash table of string ids: open addressing with linear probing, at most two thirds full.
#include "rows/names.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <random>
#include <utility>

#include "base/status.hpp"
#include "graph/layer.hpp"

namespace vecq {
namespace {

constexpr size_t kFewestSlots = 16;
constexpr int kLengthBits = 16;
constexpr uint64_t kLength = (uint64_t{1} << kLengthBits) - 1;
// Odd numbers with as many ones as zeros in each byte, as wyhash uses them.
constexpr uint64_t kMix[] = {0xa0761d6478bd642fU, 0xe7037ed1a0b428dbU};

uint64_t random_seed() {
    std::random_device device;
    return uint64_t{device()} << 32 | device();
}

template <class T>
uint64_t load(const char* from) {
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

// Folds the 128 bits of a product.
uint64_t mixed(uint64_t a, uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = Wide{a} * b;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

size_t slots_for(size_t names) {
    return std::max(kFewestSlots, std::bit_ceil(names + names / 2 + 1));
}

bool has_place(size_t slots, size_t names) { return slots / 2 + slots / 8 >= names; }

// Number of bytes of the UTF-8 sequence at `at`; 0 if it is malformed.
size_t sequence_length(const unsigned char* at, size_t left) {
    const auto follows = [&](size_t i, unsigned least, unsigned most) {
        return i < left && at[i] >= least && at[i] <= most;
    };
    const unsigned lead = at[0];
    if (lead < 0x80) return 1;
    if (lead >= 0xc2 && lead <= 0xdf) return follows(1, 0x80, 0xbf) ? 2 : 0;
    if (lead >= 0xe0 && lead <= 0xef)  // no overlong forms, no surrogates
        return follows(1, lead == 0xe0 ? 0xa0 : 0x80, lead == 0xed ? 0x9f : 0xbf) &&
                       follows(2, 0x80, 0xbf)
                   ? 3
                   : 0;
    if (lead >= 0xf0 && lead <= 0xf4)
        return follows(1, lead == 0xf0 ? 0x90 : 0x80, lead == 0xf4 ? 0x8f : 0xbf) &&
                       follows(2, 0x80, 0xbf) && follows(3, 0x80, 0xbf)
                   ? 4
                   : 0;
    return 0;
}

bool is_utf8(std::string_view name) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(name.data());
    for (size_t at = 0; at < name.size();) {
        if (at + 8 <= name.size() && (load<uint64_t>(name.data() + at) & 0x8080808080808080U) == 0)
            at += 8;
        else if (const size_t length = sequence_length(bytes + at, name.size() - at))
            at += length;
        else
            return false;
    }
    return true;
}

}  // namespace

Names Names::make() {
    Names names;
    names.seed_ = random_seed();
    names.slots_ = std::make_shared<Array<NameSlot>>();
    return names;
}

// A seeded hash in the manner of wyhash: 16 bytes per multiplication.
uint64_t hash_string(std::string_view string, uint64_t seed) {
    const char* at = string.data();
    size_t left = string.size();
    uint64_t state = mixed(seed ^ kMix[0], left ^ kMix[1]), a = 0, b = 0;
    for (; left > 16; at += 16, left -= 16)
        state = mixed(load<uint64_t>(at) ^ kMix[1], load<uint64_t>(at + 8) ^ state);
    if (left >= 8) {
        a = load<uint64_t>(at);
        b = load<uint64_t>(at + left - 8);
    } else if (left >= 4) {
        a = load<uint32_t>(at);
        b = load<uint32_t>(at + left - 4);
    } else if (left > 0) {
        a = load<uint8_t>(at) << 16 | load<uint8_t>(at + left / 2) << 8 |
            load<uint8_t>(at + left - 1);
    }
    return mixed(kMix[0] ^ string.size(), mixed(a ^ kMix[1], b ^ state));
}

// The upper half of the hash gives the slot, the lower one the tag.
size_t Names::home_of(uint64_t hash, size_t slots) const {
    return hash >> (64 - std::countr_zero(slots));
}

std::string_view Names::operator[](int64_t number) const {
    if (static_cast<uint64_t>(number) >= entries_.size()) return {};
    const uint64_t entry = entries_[static_cast<size_t>(number)];
    const uint64_t offset = entry >> kLengthBits, length = entry & kLength;
    if (offset + length > bytes_.size()) return {};
    return {bytes_.data() + offset, length};
}

int64_t Names::find(std::string_view name, uint64_t hash) const {
    if (!is_active() || slots_->size() == 0 || name.empty()) return -1;
    const size_t mask = slots_->size() - 1, home = home_of(hash, slots_->size());
    for (size_t i = 0; i < kMaxProbes; ++i) {
        const NameSlot slot = (*slots_)[(home + i) & mask];
        if (slot.next == 0) return -1;
        const int64_t number = int64_t{slot.next} - 1;
        if (slot.tag == static_cast<uint32_t>(hash) && (*this)[number] == name) return number;
    }
    return -1;
}

void Names::find(std::span<const std::string_view> names, int64_t* numbers) const {
    uint64_t hashes[kAhead];
    if (!is_active() || slots_->size() == 0) {
        std::fill_n(numbers, names.size(), -1);
        return;
    }
    for (size_t first = 0; first < names.size(); first += kAhead) {
        const std::span group = names.subspan(first, std::min(kAhead, names.size() - first));
        const auto home = [&](size_t i) -> const NameSlot& {
            return (*slots_)[home_of(hashes[i], slots_->size())];
        };
        for (size_t i = 0; i < group.size(); ++i) {
            hashes[i] = hash(group[i]);
            __builtin_prefetch(&home(i));
        }
        for (size_t i = 0; i < group.size(); ++i) prefetch_entry(int64_t{home(i).next} - 1);
        for (size_t i = 0; i < group.size(); ++i)
            __builtin_prefetch((*this)[int64_t{home(i).next} - 1].data());
        for (size_t i = 0; i < group.size(); ++i) numbers[first + i] = find(group[i], hashes[i]);
    }
}

int64_t Names::insert(std::string_view name, bool reuses) {
    const uint64_t own = hash(name);
    if (const int64_t found = find(name, own); found >= 0) return found;
    if (!has_place(slots_->size(), count_ + 1)) use_slots(filled_slots(2 * count_ + 1));
    const uint32_t number = append(name, reuses);
    ++count_;
    if (slots_->size() == 0 || !fill_slot(*slots_, number, own)) rehash();
    return number;
}

// Returns false if the probe sequence is longer than `find` would follow.
bool Names::fill_slot(Array<NameSlot>& slots, uint32_t number, uint64_t hash) const {
    const size_t mask = slots.size() - 1, home = home_of(hash, slots.size());
    for (size_t i = 0; i < kMaxProbes; ++i) {
        NameSlot& slot = slots[(home + i) & mask];
        if (slot.next == 0) {
            slot = {number + 1, static_cast<uint32_t>(hash)};
            return true;
        }
        // Only a damaged file has a name twice.
        if (slot.tag == static_cast<uint32_t>(hash) &&
            (*this)[int64_t{slot.next} - 1] == (*this)[number])
            return true;
    }
    return false;
}

uint32_t Names::append(std::string_view name, bool reuses) {
    const size_t offset = bytes_.size();
    if (free_.empty() && entries_.size() >= kMaxRows)
        refuse("ids", "ids would make more than " + std::to_string(kMaxRows) + " strings");
    bytes_.resize(offset + name.size());
    std::memcpy(bytes_.data() + offset, name.data(), name.size());
    size_t number = entries_.size();
    if (reuses && !free_.empty()) {
        number = free_.back();
        free_.pop_back();
    } else {
        entries_.resize(number + 1);
    }
    entries_[number] = offset << kLengthBits | name.size();
    return static_cast<uint32_t>(number);
}

void Names::reserve(size_t count, size_t bytes) {
    entries_.reserve(entries_.size() + count);
    bytes_.reserve(bytes_.size() + bytes);
}

std::shared_ptr<Array<NameSlot>> Names::larger_slots(size_t count) const {
    return has_place(slots_->size(), count_ + count) ? nullptr : filled_slots(count_ + count);
}

void Names::use_slots(std::shared_ptr<Array<NameSlot>> slots) {
    if (slots) slots_ = std::move(slots);
}

// Adds the length of a name; bounds the work on a damaged file, whose names may overlap.
void Names::count_bytes(size_t& sum, std::string_view name) const {
    sum += name.size();
    if (sum > bytes_.size())
        throw Error(VECQ_CORRUPT_FILE, "path", "the string ids of the file overlap");
}

// Returns slots for `count` names that hold the present ones; null if a probe sequence would be too
// long.
std::shared_ptr<Array<NameSlot>> Names::filled_slots(size_t count) const {
    auto slots = std::make_shared<Array<NameSlot>>();
    slots->resize(slots_for(count));
    size_t bytes = 0;
    for (size_t number = 0; number < entries_.size(); ++number) {
        const std::string_view name = (*this)[static_cast<int64_t>(number)];
        count_bytes(bytes, name);
        if (!name.empty() && !fill_slot(*slots, static_cast<uint32_t>(number), hash(name)))
            return nullptr;
    }
    return slots;
}

// Chooses another seed: names that collide under the old one were made to.
void Names::rehash() {
    for (size_t count = entries_.size();; count *= 2) {
        seed_ = random_seed();
        if (auto slots = filled_slots(count)) return use_slots(std::move(slots));
    }
}

Names Names::used(const Bitset& numbers) const {
    Names kept = make();
    const auto is_used = [&](size_t number) {
        return number < numbers.capacity() && numbers.test(number) &&
               !(*this)[static_cast<int64_t>(number)].empty();
    };
    size_t extent = entries_.size(), bytes = 0;
    while (extent > 0 && !is_used(extent - 1)) --extent;
    for (size_t number = 0; number < extent; ++number)
        if (is_used(number)) count_bytes(bytes, (*this)[static_cast<int64_t>(number)]);
    kept.reserve(extent, bytes);
    for (size_t number = 0; number < extent; ++number) {
        if (!is_used(number)) {
            kept.entries_.resize(number + 1);
            kept.free_.push_back(static_cast<uint32_t>(number));
            continue;
        }
        kept.append((*this)[static_cast<int64_t>(number)], false);
        ++kept.count_;
    }
    kept.slots_ = kept.filled_slots(kept.count_);
    if (!kept.slots_) kept.rehash();
    return kept;
}

void Names::replace(Names other) {
    other.version_ = version_ + 1;
    *this = std::move(other);
}

void Names::restore(Stored stored) {
    seed_ = stored.seed;
    count_ = stored.count;
    entries_ = std::move(stored.entries);
    bytes_ = std::move(stored.bytes);
    slots_ = std::make_shared<Array<NameSlot>>(std::move(stored.slots));
    free_ = {};
}

size_t Names::memory_bytes() const {
    return is_active() ? entries_.bytes() + bytes_.bytes() + slots_->bytes() : 0;
}

void Names::detach() {
    entries_.detach();
    bytes_.detach();
    if (slots_) slots_->detach();
}

std::string fault_of_name(std::string_view name) {
    if (name.empty()) return "an empty string";
    if (name.size() > Names::kMaxBytes)
        return "a string of " + std::to_string(name.size()) + " bytes, expected at most " +
               std::to_string(Names::kMaxBytes);
    if (name.find('\0') != std::string_view::npos) return "a string with a 0 character";
    return is_utf8(name) ? "" : "a string that is not valid UTF-8";
}

void require_valid_name(std::string_view name, const char* argument, size_t at) {
    if (const std::string fault = fault_of_name(name); !fault.empty())
        refuse(argument, std::string(argument) + " has " + fault + " at " + std::to_string(at));
}

}  // namespace vecq
