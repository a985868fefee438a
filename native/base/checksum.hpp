// Checksums of sections: CRC-32C, four at a time, because one alone waits for itself. The words of 8
// bytes go to four CRCs in turn, and a fifth is taken over those four and what is left of the bytes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vecq {

class Checksum {
public:
    // Bytes are taken so many at a time.
    static constexpr size_t kStep = 32;

    // The next bytes; all but the last are whole steps.
    void add(const void* bytes, size_t count);
    uint32_t value() const;

private:
    uint32_t lanes_[4] = {~0U, ~0U, ~0U, ~0U};
    unsigned char rest_[kStep] = {};
    size_t rest_count_ = 0;
};

inline uint32_t checksum_of(const void* bytes, size_t count) {
    Checksum sum;
    sum.add(bytes, count);
    return sum.value();
}

// The same four CRCs without the processor's help.
void add_steps_by_table(uint32_t (&lanes)[4], const unsigned char* bytes, size_t steps);
// A plain CRC-32C goes on from `crc`, inverted before the first byte and after the last.
uint32_t crc32c(uint32_t crc, const unsigned char* bytes, size_t count);

}  // namespace vecq
