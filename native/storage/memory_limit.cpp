// Reads the memory limits of the cgroups, v1 and v2, that contain this process.
#include "storage/memory_limit.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

#include "storage/descriptor.hpp"

namespace vecq {
namespace {

// The contents of a small file, read without allocating; empty if the file cannot be read.
class SmallFile {
public:
    explicit SmallFile(const char* path) {
        const Descriptor file(path, O_RDONLY);
        const ssize_t count = file ? read(file.get(), text_, sizeof text_) : 0;
        length_ = count > 0 ? static_cast<size_t>(count) : 0;
    }
    std::string_view view() const { return {text_, length_}; }

private:
    char text_[4096];
    size_t length_;
};

// A cgroup without a limit holds "max" or a number beyond all memory.
uint64_t read_limit(const std::string& path) {
    const SmallFile file(path.c_str());
    uint64_t limit = UINT64_MAX;
    std::from_chars(file.view().begin(), file.view().end(), limit);
    return limit;
}

// Returns the tightest limit of a group and its ancestors. The root counts as well: a container may
// see its own group there, under another name than /proc lists.
uint64_t group_limit(const std::string& root, std::string group, const char* file) {
    uint64_t limit = UINT64_MAX;
    for (;;) {
        limit = std::min(limit, read_limit(root + group + file));
        if (group.empty()) return limit;
        group.resize(group.rfind('/'));
    }
}

// Parses a line "number:controllers:/group" of /proc/self/cgroup; cgroup v2 lists no controllers.
uint64_t line_limit(std::string_view line) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == line.npos) return UINT64_MAX;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const std::string group(line.substr(second + 1));
    if (!group.starts_with('/')) return UINT64_MAX;
    if (controllers.empty()) return group_limit("/sys/fs/cgroup", group, "/memory.max");
    if (controllers != "memory") return UINT64_MAX;
    return group_limit("/sys/fs/cgroup/memory", group, "/memory.limit_in_bytes");
}

}  // namespace

uint64_t memory_limit() {
    uint64_t limit = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) *
                     static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
    const SmallFile groups("/proc/self/cgroup");
    for (std::string_view rest = groups.view(); !rest.empty();) {
        const size_t end = std::min(rest.find('\n'), rest.size());
        limit = std::min(limit, line_limit(rest.substr(0, end)));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return limit;
}

}  // namespace vecq
