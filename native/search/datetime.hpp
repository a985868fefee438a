// Parses the text of a datetime.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace vecq {

// Microseconds since 1970 in UTC of "2026-01-31", or of it with "T" or a space and "12:30",
// "12:30:15" or "12:30:15.5", then perhaps "Z" or an offset such as "+02:00". Without an offset the
// time is UTC. Returns nothing for other texts.
std::optional<int64_t> parse_datetime(std::string_view text);

}  // namespace vecq
