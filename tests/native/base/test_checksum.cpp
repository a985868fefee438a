// Tests checksums against published CRC-32C values, the table implementation and bit flips.
#include "base/checksum.hpp"

#include <cstring>
#include <vector>

#include "base/rng.hpp"
#include "check.hpp"

using vecq::Checksum;
using vecq::crc32c;

namespace {

std::vector<unsigned char> random_bytes(size_t count) {
    vecq::Random random(count);
    std::vector<unsigned char> bytes(count);
    for (unsigned char& byte : bytes) byte = static_cast<unsigned char>(random.next());
    return bytes;
}

uint32_t crc32c_of(const std::vector<unsigned char>& bytes) {
    return ~crc32c(~0U, bytes.data(), bytes.size());
}

// The definition in base/checksum.hpp, with the table.
uint32_t reference_checksum(const std::vector<unsigned char>& bytes) {
    const size_t steps = bytes.size() / Checksum::kStep;
    uint32_t lanes[4] = {~0U, ~0U, ~0U, ~0U};
    vecq::add_steps_by_table(lanes, bytes.data(), steps);
    std::vector<unsigned char> lanes_and_tail(sizeof lanes);
    std::memcpy(lanes_and_tail.data(), lanes, sizeof lanes);
    lanes_and_tail.insert(lanes_and_tail.end(),
                          bytes.begin() + static_cast<ptrdiff_t>(steps * Checksum::kStep),
                          bytes.end());
    return crc32c_of(lanes_and_tail);
}

}  // namespace

// The values of RFC 3720, and the check value "123456789" of CRC catalogs.
TEST(checksum_is_built_on_crc32c) {
    CHECK(crc32c_of(std::vector<unsigned char>(32)) == 0x8a9136aa);
    CHECK(crc32c_of(std::vector<unsigned char>(32, 0xff)) == 0x62a8ab43);
    std::vector<unsigned char> rising(32);
    for (unsigned char i = 0; i < 32; ++i) rising[i] = i;
    CHECK(crc32c_of(rising) == 0x46dd794e);
    const char* digits = "123456789";
    CHECK(crc32c_of({digits, digits + 9}) == 0xe3069283);
}

TEST(checksum_of_instructions_equals_that_of_the_table) {
    for (const size_t count : {0, 1, 7, 31, 32, 33, 63, 64, 95, 1000, 4096, 100'003})
        CHECK(vecq::checksum_of(random_bytes(count).data(), count) ==
                  reference_checksum(random_bytes(count)),
              count);
}

TEST(checksum_accepts_bytes_in_pieces) {
    const std::vector<unsigned char> bytes = random_bytes(1000);
    for (const size_t piece : {32, 64, 320, 992}) {
        Checksum sum;
        for (size_t at = 0; at < bytes.size(); at += piece)
            sum.add(bytes.data() + at, std::min(piece, bytes.size() - at));
        CHECK(sum.value() == vecq::checksum_of(bytes.data(), bytes.size()), piece);
    }
}

TEST(checksum_detects_every_bit_flip) {
    std::vector<unsigned char> bytes = random_bytes(199);
    const uint32_t before = vecq::checksum_of(bytes.data(), bytes.size());
    for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
        bytes[bit / 8] ^= static_cast<unsigned char>(1U << bit % 8);
        CHECK(vecq::checksum_of(bytes.data(), bytes.size()) != before, bit);
        bytes[bit / 8] ^= static_cast<unsigned char>(1U << bit % 8);
    }
}
