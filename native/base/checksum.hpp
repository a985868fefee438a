// The checksum of file sections: four interleaved CRC-32C hide the latency of the CRC instruction.
//
// Words of 8 bytes go to the four CRCs round-robin. The checksum is a fifth CRC over the values of
// the four and the bytes after the last whole step.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vecq {

class Checksum {
public:
    // Bytes per step: one word for each CRC.
    static constexpr size_t kStep = 32;

    // Appends bytes. In every call but the last, `count` is a multiple of kStep.
    void add(const void* bytes, size_t count);
    uint32_t value() const;

private:
    uint32_t lanes_[4] = {~0U, ~0U, ~0U, ~0U};
    unsigned char tail_[kStep] = {};
    size_t tail_count_ = 0;
};

inline uint32_t checksum_of(const void* bytes, size_t count) {
    Checksum sum;
    sum.add(bytes, count);
    return sum.value();
}

// Advances the four CRCs by `steps` steps without the CRC instruction.
void add_steps_by_table(uint32_t (&lanes)[4], const unsigned char* bytes, size_t steps);
// Continues a plain CRC-32C from `crc`; the caller inverts it before the first and after the last
// byte.
uint32_t crc32c(uint32_t crc, const unsigned char* bytes, size_t count);

}  // namespace vecq
