// Validation of UTF-8 text from callers and files.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace vecq {

// Whether the text is valid UTF-8: shortest forms only, no surrogates, at most U+10FFFF.
inline bool is_utf8(std::string_view text) {
    for (size_t i = 0; i < text.size();) {
        const auto byte = [&](size_t at) {
            return at < text.size() ? static_cast<uint8_t>(text[at]) : uint8_t{0};
        };
        const uint8_t lead = byte(i);
        const size_t more = lead < 0x80   ? 0
                            : lead < 0xc2 ? 4
                            : lead < 0xe0 ? 1
                            : lead < 0xf0 ? 2
                            : lead < 0xf5 ? 3
                                          : 4;
        if (more == 4) return false;
        for (size_t at = i + 1; at <= i + more; ++at)
            if ((byte(at) & 0xc0) != 0x80) return false;
        const uint8_t second = byte(i + 1);
        if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second >= 0xa0) ||
            (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second >= 0x90))
            return false;
        i += 1 + more;
    }
    return true;
}

// The number of characters in valid UTF-8.
inline size_t characters_in(std::string_view text) {
    return static_cast<size_t>(
        std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace vecq
