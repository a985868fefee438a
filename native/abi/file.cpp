// Entries for files and for tasks.
#include <memory>
#include <utility>

#include "abi/arguments.hpp"
#include "abi/fence.hpp"
#include "abi/handles.hpp"
#include "persist/sections.hpp"
#include "storage/table.hpp"

using namespace vecq;

struct vecq_task {
    std::unique_ptr<Task> task;
};

namespace {

vecq_codec_options described(const CodecOptions& options) {
    return {sizeof(vecq_codec_options),
            static_cast<int32_t>(given_width(options.width)),
            static_cast<int32_t>(options.scale),
            static_cast<int32_t>(options.calibration),
            options.center,
            options.rotate,
            options.unbiased,
            options.percentile,
            options.seed};
}

vecq_index_options described(const IndexOptions& options) {
    return {sizeof(vecq_index_options),
            static_cast<int32_t>(options.metric),
            static_cast<int32_t>(options.link),
            options.m,
            options.ef_construction,
            options.seed,
            nullptr,
            0};
}

template <class Make>
vecq_status begin_task(vecq_task** task, vecq_error* error, Make&& make) {
    return fenced(error, [&] {
        require(task, "task");
        auto begun = std::make_unique<vecq_task>();
        begun->task = make();
        *task = begun.release();
    });
}

}  // namespace

vecq_status vecq_index_open_file(const char* path, int32_t writable, vecq_index** index,
                                 vecq_error* error) {
    return fenced(error, [&] {
        require(index, "index");
        *index = new vecq_index(std::string(require(path, "path")), writable != 0);
    });
}

vecq_status vecq_index_describe(const vecq_index* index, vecq_index_description* description,
                                vecq_index_options* options, vecq_codec_options* codec,
                                vecq_codec_options* rerank_codec, vecq_error* error) {
    return fenced(error, [&] {
        const IndexDescription own = require(index, "index")->index.describe();
        if (description != nullptr)
            write_struct(description, {sizeof *description, own.dim, own.rerank_codec ? 1U : 0U},
                         "description");
        if (options != nullptr) write_struct(options, described(own.options), "options");
        if (codec != nullptr) write_struct(codec, described(own.codec), "codec");
        if (rerank_codec != nullptr && own.rerank_codec)
            write_struct(rerank_codec, described(*own.rerank_codec), "rerank_codec");
    });
}

vecq_status vecq_file_describe(const char* path, vecq_file_info* info, vecq_section* sections,
                               size_t capacity, vecq_error* error) {
    return fenced(error, [&] {
        const Table table = read_table(open_for_reading(require(path, "path")));
        vecq_file_info out{};
        out.format = table.header.format;
        copy_text(out.writer_version, printable_version(table.header.library));
        copy_text(out.min_reader_version, printable_version(table.header.needed));
        out.bytes = table.header.file_bytes;
        out.sections = table.sections.size();
        write_struct(info, out, "info");
        if (capacity > 0) require(sections, "sections");
        for (size_t i = 0; i < std::min(capacity, table.sections.size()); ++i) {
            const SectionEntry& entry = table.sections[i];
            copy_text(sections[i].name, name_of(entry.id));
            sections[i].element_bytes = entry.element_bytes;
            sections[i].count = entry.count;
            sections[i].offset = entry.offset;
            sections[i].checksum = entry.checksum;
        }
    });
}

vecq_status vecq_task_save(vecq_index* index, const char* path, int32_t overwrite, vecq_task** task,
                           vecq_error* error) {
    return begin_task(task, error, [&] {
        return require(index, "index")->index.save(require(path, "path"), overwrite != 0);
    });
}

vecq_status vecq_task_preload(vecq_index* index, int32_t preload, int32_t lock, vecq_task** task,
                              vecq_error* error) {
    return begin_task(task, error, [&] {
        return require(index, "index")
            ->index.preload(checked_enum(preload, Preload::copied, "preload"), lock != 0);
    });
}

vecq_status vecq_task_refit(vecq_index* index, vecq_task** task, vecq_error* error) {
    return begin_task(task, error, [&] { return require(index, "index")->index.refit(); });
}

vecq_status vecq_task_compact(vecq_index* index, vecq_task** task, vecq_error* error) {
    return begin_task(task, error, [&] { return require(index, "index")->index.compact(); });
}

vecq_status vecq_task_partition(vecq_index* index, size_t cells, vecq_task** task,
                                vecq_error* error) {
    return begin_task(task, error, [&] {
        return require(index, "index")->index.partition(checked_range(cells, 0, kMaxRows, "cells"));
    });
}

vecq_status vecq_task_check(const vecq_index* index, int32_t deep, vecq_task** task,
                            vecq_error* error) {
    return begin_task(task, error, [&] {
        return require(index, "index")
            ->index.check(deep != 0 ? CheckTask::Depth::all : CheckTask::Depth::checksums);
    });
}

void vecq_task_close(vecq_task* task) { delete task; }

void vecq_task_end(vecq_task** task) {
    if (task != nullptr) delete std::exchange(*task, nullptr);
}

vecq_status vecq_task_step(vecq_task* task, size_t* done, size_t* total, vecq_error* error) {
    return fenced(error, [&] {
        require(done, "done");
        require(total, "total");
        const Progress progress = require(task, "task")->task->step();
        *done = progress.done;
        *total = progress.total;
    });
}

vecq_status vecq_task_saved(const vecq_task* task, vecq_saved* saved, vecq_error* error) {
    return fenced(error, [&] {
        const auto* saving = dynamic_cast<const SaveTask*>(require(task, "task")->task.get());
        if (saving == nullptr) refuse("task", "task is not a save");
        write_struct(saved, {sizeof *saved, saving->bytes(), saving->pause()}, "saved");
    });
}

vecq_status vecq_task_problems(const vecq_task* task, vecq_problem* problems, size_t capacity,
                               size_t* listed, size_t* count, vecq_error* error) {
    return fenced(error, [&] {
        const auto* check = dynamic_cast<const CheckTask*>(require(task, "task")->task.get());
        if (check == nullptr) refuse("task", "task is not a check");
        const std::vector<Problem>& found = check->problems();
        *require(listed, "listed") = found.size();
        *require(count, "count") = check->count();
        if (capacity > 0) require(problems, "problems");
        for (size_t i = 0; i < std::min(capacity, found.size()); ++i) {
            copy_text(problems[i].location, found[i].where);
            copy_text(problems[i].message, found[i].what);
        }
    });
}
