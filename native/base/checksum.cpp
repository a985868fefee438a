// CRC-32C on four lanes, by the processor's instruction or, without it, by a table.
#include "base/checksum.hpp"

#include <array>
#include <cstring>

#include "base/cpu.hpp"

namespace vecq {
namespace {

using Lanes = uint32_t (&)[4];

constexpr std::array<uint32_t, 256> make_table() {
    constexpr uint32_t kPolynomial = 0x82f63b78;  // Castagnoli, reflected
    std::array<uint32_t, 256> table{};
    for (uint32_t byte = 0; byte < 256; ++byte) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? kPolynomial : 0);
        table[byte] = crc;
    }
    return table;
}

constexpr std::array<uint32_t, 256> kTable = make_table();

[[maybe_unused]] uint64_t word_at(const unsigned char* bytes) {
    uint64_t word;
    std::memcpy(&word, bytes, sizeof word);
    return word;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) void add_steps(Lanes lanes, const unsigned char* bytes,
                                                 size_t steps) {
    uint64_t a = lanes[0], b = lanes[1], c = lanes[2], d = lanes[3];
    for (; steps > 0; --steps, bytes += Checksum::kStep) {
        a = __builtin_ia32_crc32di(a, word_at(bytes));
        b = __builtin_ia32_crc32di(b, word_at(bytes + 8));
        c = __builtin_ia32_crc32di(c, word_at(bytes + 16));
        d = __builtin_ia32_crc32di(d, word_at(bytes + 24));
    }
    lanes[0] = static_cast<uint32_t>(a);
    lanes[1] = static_cast<uint32_t>(b);
    lanes[2] = static_cast<uint32_t>(c);
    lanes[3] = static_cast<uint32_t>(d);
}
#elif defined(__aarch64__)
// Inline assembly because compilers disagree on the name of the intrinsic.
inline uint32_t crc_step(uint32_t crc, uint64_t word) {
    __asm__(".arch_extension crc\n\tcrc32cx %w0, %w0, %x1" : "+r"(crc) : "r"(word));
    return crc;
}

void add_steps(Lanes lanes, const unsigned char* bytes, size_t steps) {
    for (; steps > 0; --steps, bytes += Checksum::kStep)
        for (size_t i = 0; i < 4; ++i) lanes[i] = crc_step(lanes[i], word_at(bytes + 8 * i));
}
#else
constexpr auto add_steps = add_steps_by_table;
#endif

}  // namespace

uint32_t crc32c(uint32_t crc, const unsigned char* bytes, size_t count) {
    for (size_t i = 0; i < count; ++i) crc = crc >> 8 ^ kTable[(crc ^ bytes[i]) & 0xff];
    return crc;
}

void add_steps_by_table(uint32_t (&lanes)[4], const unsigned char* bytes, size_t steps) {
    for (size_t word = 0; word < 4 * steps; ++word)
        lanes[word % 4] = crc32c(lanes[word % 4], bytes + 8 * word, 8);
}

void Checksum::add(const void* bytes, size_t count) {
    static const auto add_whole_steps =
        cpu::missing(cpu::Feature::crc32c) == nullptr ? add_steps : add_steps_by_table;
    const auto* from = static_cast<const unsigned char*>(bytes);
    add_whole_steps(lanes_, from, count / kStep);
    tail_count_ = count % kStep;
    if (tail_count_ > 0) std::memcpy(tail_, from + count - tail_count_, tail_count_);
}

uint32_t Checksum::value() const {
    unsigned char lanes[sizeof lanes_];
    std::memcpy(lanes, lanes_, sizeof lanes);
    return ~crc32c(crc32c(~0U, lanes, sizeof lanes), tail_, tail_count_);
}

}  // namespace vecq
