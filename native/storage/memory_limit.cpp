#include "storage/memory_limit.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

#include "storage/descriptor.hpp"

namespace vecq {
namespace {

// What a small file says, without allocating; nothing of one that cannot be read.
class Text {
public:
    explicit Text(const char* path) {
        const Descriptor file(path, O_RDONLY);
        const ssize_t count = file ? read(file.get(), text_, sizeof text_) : 0;
        length_ = count > 0 ? static_cast<size_t>(count) : 0;
    }
    std::string_view view() const { return {text_, length_}; }

private:
    char text_[4096];
    size_t length_;
};

// A group without a limit says "max", or a number beyond all memory.
uint64_t limit_in(const std::string& path) {
    const Text text(path.c_str());
    uint64_t limit = UINT64_MAX;
    std::from_chars(text.view().begin(), text.view().end(), limit);
    return limit;
}

// Of a group and those that it is in. A container may see its own at the root, under another name.
uint64_t limit_of(const std::string& root, std::string group, const char* file) {
    uint64_t least = UINT64_MAX;
    for (;;) {
        least = std::min(least, limit_in(root + group + file));
        if (group.empty()) return least;
        group.resize(group.rfind('/'));
    }
}

// Lines are "number:controllers:/group"; the newer kind of groups has no controllers there.
uint64_t limit_of(std::string_view line) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == line.npos) return UINT64_MAX;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const std::string group(line.substr(second + 1));
    if (!group.starts_with('/')) return UINT64_MAX;
    if (controllers.empty()) return limit_of("/sys/fs/cgroup", group, "/memory.max");
    if (controllers != "memory") return UINT64_MAX;
    return limit_of("/sys/fs/cgroup/memory", group, "/memory.limit_in_bytes");
}

}  // namespace

uint64_t memory_limit() {
    uint64_t least = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) *
                     static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
    const Text groups("/proc/self/cgroup");
    for (std::string_view rest = groups.view(); !rest.empty();) {
        const size_t end = std::min(rest.find('\n'), rest.size());
        least = std::min(least, limit_of(rest.substr(0, end)));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return least;
}

}  // namespace vecq
