#include "search/datetime.hpp"

#include <chrono>

namespace vecq {
namespace {

// Reads from the front of a text; `is_valid` stays false after the first part that does not match.
struct Reader {
    std::string_view rest;
    bool is_valid = true;

    bool accept(char c) {
        if (rest.empty() || rest.front() != c) return false;
        rest.remove_prefix(1);
        return true;
    }
    void expect(char c) { is_valid = accept(c) && is_valid; }
    // A number of exactly `digits` digits up to `most`.
    int64_t number(size_t digits, int64_t most) {
        int64_t value = 0;
        is_valid = is_valid && rest.size() >= digits;
        for (size_t i = 0; is_valid && i < digits; ++i) {
            is_valid = rest[i] >= '0' && rest[i] <= '9';
            value = 10 * value + (rest[i] - '0');
        }
        if (is_valid) rest.remove_prefix(digits);
        is_valid = is_valid && value <= most;
        return value;
    }
};

// Up to six digits count.
int64_t microseconds(Reader& text) {
    int64_t value = 0, unit = 100'000;
    size_t digits = 0;
    for (; !text.rest.empty() && text.rest.front() >= '0' && text.rest.front() <= '9'; ++digits) {
        value += (text.rest.front() - '0') * unit;
        unit /= 10;
        text.rest.remove_prefix(1);
    }
    text.is_valid = text.is_valid && digits > 0 && digits <= 9;
    return value;
}

}  // namespace

std::optional<int64_t> parse_datetime(std::string_view given) {
    using namespace std::chrono;
    Reader text{given};
    const auto read_year = static_cast<int>(text.number(4, 9999));
    text.expect('-');
    const auto read_month = static_cast<unsigned>(text.number(2, 12));
    text.expect('-');
    const auto read_day = static_cast<unsigned>(text.number(2, 31));
    const year_month_day date{year(read_year), month(read_month), day(read_day)};
    if (!text.is_valid || !date.ok()) return {};
    int64_t seconds_of_day = 0, fraction = 0, offset = 0;
    if (text.accept('T') || text.accept(' ')) {
        seconds_of_day = text.number(2, 23) * 3600;
        text.expect(':');
        seconds_of_day += text.number(2, 59) * 60;
        if (text.accept(':')) {
            seconds_of_day += text.number(2, 59);
            if (text.accept('.')) fraction = microseconds(text);
        }
        const bool is_ahead = text.accept('+');
        if (is_ahead || text.accept('-')) {
            offset = text.number(2, 23) * 3600;
            text.expect(':');
            offset += text.number(2, 59) * 60;
            if (!is_ahead) offset = -offset;
        } else {
            text.accept('Z');
        }
    }
    if (!text.is_valid || !text.rest.empty()) return {};
    const int64_t days = sys_days(date).time_since_epoch().count();
    return (days * 86'400 + seconds_of_day - offset) * 1'000'000 + fraction;
}

}  // namespace vecq
