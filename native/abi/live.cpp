// Entries for live indexes: a handle that follows a file and replaces its index when the file does.
//
// Each opened file is a version. The handle holds one use of the newest version, each lease
// another; the release of the last use deletes the version. So a swap waits for no search, and a
// search that began before it ends on the version that it began with.
#include <sys/stat.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "abi/arguments.hpp"
#include "abi/fence.hpp"
#include "abi/handles.hpp"
#include "storage/file_errors.hpp"

using namespace vecq;

namespace {

// What a replaced file does not share with the file before.
struct FileStamp {
    dev_t device;
    ino_t inode;
    off_t bytes;
    int64_t changed_ns;
    bool operator==(const FileStamp&) const = default;
};

FileStamp stamp_of(const std::string& path) {
    struct stat status;
    if (::stat(path.c_str(), &status) != 0) throw_file_error("open the file");
    const int64_t seconds = status.st_mtim.tv_sec;
    return {status.st_dev, status.st_ino, status.st_size,
            seconds * 1'000'000'000 + status.st_mtim.tv_nsec};
}

struct Version : vecq_index {
    explicit Version(const std::string& path) : vecq_index(path, false) {}
    mutable std::atomic<size_t> uses{1};
};

struct GiveUp {
    void operator()(const Version* version) const {
        if (version->uses.fetch_sub(1, std::memory_order_acq_rel) == 1) delete version;
    }
};
using Use = std::unique_ptr<const Version, GiveUp>;

struct LiveOptions {
    Preload preload;
    bool checks_sums;
};

void finish(Task& task) {
    Progress progress;
    do progress = task.step();
    while (progress.done != progress.total);
}

// Opens, checks and preloads a file. `dim` is that of the version before, or 0.
Use opened(const std::string& path, const LiveOptions& options, size_t dim) {
    auto version = std::make_unique<Version>(path);
    Index& index = version->index;
    if (dim != 0 && index.dim() != dim)
        refuse("path", "path has vectors of " + std::to_string(index.dim()) +
                           " dimensions, the index in use has " + std::to_string(dim));
    if (options.checks_sums) {
        const std::unique_ptr<CheckTask> check = index.check(CheckTask::Depth::checksums);
        finish(*check);
        if (check->count() > 0)
            throw_corrupt("the file is damaged: " + check->problems()[0].where + ": " +
                          check->problems()[0].what);
    }
    finish(*index.preload(options.preload, false));
    return Use(version.release());
}

}  // namespace

struct vecq_live {
    vecq_live(std::string path, const LiveOptions& options)
        : path_(std::move(path)), options_(options), stamp_(stamp_of(path_)) {
        current_ = opened(path_, options_, 0);
        changed_ns_ = stamp_->changed_ns;
    }

    // Returns whether a new version was opened.
    bool refresh(bool retries) {
        const std::lock_guard alone(refreshing_);
        try {
            const FileStamp found = stamp_of(path_);
            if (stamp_ == found && !(retries && failure_)) {
                if (failure_) throw Error(*failure_);
                return false;
            }
            // Set before opening: a file that is replaced meanwhile is opened again next time.
            stamp_ = found;
            Use next = opened(path_, options_, current_->index.dim());
            const std::lock_guard lock(mutex_);
            std::swap(current_, next);
            changed_ns_ = found.changed_ns;
            ++number_;
            failure_.reset();
            return true;
        } catch (const Error& error) {
            note(error);
            throw;
        } catch (const std::bad_alloc&) {
            note(Error(VECQ_OUT_OF_MEMORY, "", "out of memory"));
            throw;
        }
    }

    const Version* acquire(uint64_t* number) {
        const std::lock_guard lock(mutex_);
        if (number != nullptr) *number = number_;
        current_->uses.fetch_add(1, std::memory_order_relaxed);
        return current_.get();
    }

    vecq_live_status status() {
        const std::lock_guard lock(mutex_);
        vecq_live_status out{};
        out.version = number_;
        out.failures = failures_;
        out.changed_ns = changed_ns_;
        if (failure_)
            out.failed = report(&out.error, failure_->status(), failure_->argument(),
                                failure_->what(), failure_->system());
        return out;
    }

private:
    // A failure that is repeated because the file is still the same counts once.
    void note(const Error& error) {
        const std::lock_guard lock(mutex_);
        const bool is_repeated = failure_ && failure_->what() == std::string(error.what());
        if (!is_repeated) ++failures_;
        failure_ = error;
    }

    const std::string path_;
    const LiveOptions options_;
    std::mutex refreshing_;           // held by a refresh; taken before mutex_
    std::optional<FileStamp> stamp_;  // of the file tried last
    std::mutex mutex_;                // guards the rest, for moments
    Use current_;
    uint64_t number_ = 1, failures_ = 0;
    int64_t changed_ns_ = 0;
    std::optional<Error> failure_;  // of the last refresh
};

vecq_status vecq_live_open(const char* path, const vecq_live_options* options, vecq_live** live,
                           vecq_error* error) {
    return fenced(error, [&] {
        require(live, "live");
        const auto given = read_struct(options, "options");
        const LiveOptions checked_live{checked_enum(given.preload, Preload::copied, "preload"),
                                       given.skip_checksums == 0};
        *live = new vecq_live(require(path, "path"), checked_live);
    });
}

void vecq_live_close(vecq_live* live) { delete live; }

vecq_status vecq_live_refresh(vecq_live* live, int32_t retry, int32_t* swapped, vecq_error* error) {
    return fenced(error, [&] {
        require(swapped, "swapped");
        *swapped = require(live, "live")->refresh(retry != 0) ? 1 : 0;
    });
}

vecq_status vecq_live_acquire(vecq_live* live, const vecq_index** index, uint64_t* version,
                              vecq_error* error) {
    return fenced(error, [&] {
        require(index, "index");
        *index = require(live, "live")->acquire(version);
    });
}

void vecq_live_release(const vecq_index* index) {
    if (index != nullptr) GiveUp()(static_cast<const Version*>(index));
}

vecq_status vecq_live_get_status(vecq_live* live, vecq_live_status* status, vecq_error* error) {
    return fenced(error, [&] { write_struct(status, require(live, "live")->status(), "status"); });
}
