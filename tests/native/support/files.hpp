// Index files for tests: saves them, edits their bytes, and calls every entry on the result.
#pragma once

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <unistd.h>

#include "base/checksum.hpp"
#include "persist/sections.hpp"
#include "indexes.hpp"
#include "storage/table.hpp"

namespace files {

using namespace indexes;
using vecq::FileHeader;
using vecq::Kind;
using vecq::section;
using vecq::SectionEntry;

// A temporary folder, removed by the destructor.
class Folder {
public:
    Folder() {
        // Prefers a file system in memory, where a sync costs nothing.
        const std::filesystem::path memory = "/dev/shm";
        const auto parent =
            std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
        std::string name = (parent / "vecq-XXXXXX").string();
        if (mkdtemp(name.data()) != nullptr) own_ = name;
    }
    ~Folder() { std::filesystem::remove_all(own_); }
    std::string operator/(const char* name) const { return own_ / name; }
    size_t count() const {
        return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(own_), {}));
    }

private:
    std::filesystem::path own_;
};

// The bytes of a file, for editing.
class Bytes : public std::vector<char> {
public:
    Bytes() = default;
    explicit Bytes(const std::string& path) {
        std::ifstream in(path, std::ios::binary);
        assign(std::istreambuf_iterator<char>(in), {});
    }
    void write(const std::string& path) const {
        std::ofstream(path, std::ios::binary).write(data(), static_cast<std::streamsize>(size()));
    }

    FileHeader& header() { return *reinterpret_cast<FileHeader*>(data()); }
    SectionEntry* entries() { return reinterpret_cast<SectionEntry*>(data() + sizeof(FileHeader)); }
    size_t table_end() {
        return sizeof(FileHeader) + header().section_count * sizeof(SectionEntry);
    }
    SectionEntry& entry(Kind kind, size_t number = 0) {
        SectionEntry* found = entries();
        while (found->id != section(kind, number)) ++found;
        return *found;
    }
    template <class T>
    T* contents(Kind kind, size_t number = 0) {
        return reinterpret_cast<T*>(data() + entry(kind, number).offset);
    }
    // Recomputes all checksums.
    void seal() {
        for (size_t i = 0; i < header().section_count; ++i) {
            SectionEntry& entry = entries()[i];
            if (entry.offset <= size() &&
                entry.element_bytes * entry.count <= size() - entry.offset)
                entry.checksum = vecq::checksum_of(data() + entry.offset, entry.bytes());
        }
        seal_table();
    }
    void seal_table() {
        header().checksum = 0;
        header().checksum = vecq::checksum_of(data(), table_end());
    }
};

inline vecq_status run(vecq_task* task, vecq_error* error = nullptr) {
    size_t done = 0, total = 1;
    vecq_status status = VECQ_OK;
    while (status == VECQ_OK && done < total) status = vecq_task_step(task, &done, &total, error);
    return status;
}

inline vecq_status save(vecq_index* index, const std::string& path, vecq_error* error = nullptr,
                        bool overwrite = false) {
    vecq_task* task = nullptr;
    vecq_status status = vecq_task_save(index, path.c_str(), overwrite, &task, error);
    if (status == VECQ_OK) status = run(task, error);
    vecq_task_close(task);
    return status;
}

// Returns the number of problems that a check finds; writes the first one to `first`.
inline size_t problems_of(const vecq_index* index, std::string* first = nullptr, int32_t deep = 1) {
    vecq_task* task = nullptr;
    vecq_error error{};
    vecq_problem problems[1];
    size_t listed = 0, count = SIZE_MAX;
    if (vecq_task_check(index, deep, &task, &error) == VECQ_OK && run(task, &error) == VECQ_OK)
        vecq_task_problems(task, problems, 1, &listed, &count, &error);
    if (first != nullptr && listed > 0)
        *first = std::string(problems[0].location) + ": " + problems[0].message;
    vecq_task_close(task);
    return count;
}

class Opened {
public:
    explicit Opened(const std::string& path, bool writable = false) {
        status = vecq_index_open_file(path.c_str(), writable, &own, &error);
    }
    Opened(const Opened&) = delete;
    Opened& operator=(const Opened&) = delete;
    ~Opened() { vecq_index_close(own); }

    size_t dim() const {
        auto about = sized<vecq_index_description>();
        vecq_index_describe(own, &about, nullptr, nullptr, nullptr, nullptr);
        return about.dim;
    }
    size_t size() const {
        size_t size = 0;
        vecq_index_size(own, &size, nullptr);
        return size;
    }
    Found search(const Vector& queries, const vecq_search_options& options) const {
        const size_t count = queries.size() / dim();
        Found found{VECQ_OK, Ids(count * options.k, -7), Vector(count * options.k), Ids(count)};
        found.status =
            vecq_index_search(own, &options, queries.data(), count, found.ids.data(),
                              found.scores.data(), found.counts.data(), nullptr, nullptr);
        return found;
    }
    bool add(const Vector& vectors) {
        size_t done = 0, total = 1;
        vecq_status added =
            vecq_index_stage(own, vectors.data(), vectors.size() / dim(), nullptr, 0, 1, &error);
        while (added == VECQ_OK && done < total)
            added = vecq_index_link(own, 1000, 1, &done, &total, &error);
        return vecq_index_settle(own, &error) == VECQ_OK && added == VECQ_OK &&
               indexes::repair(own, &error) == VECQ_OK;
    }
    bool update(const Vector& vectors, const Ids& ids) {
        int32_t added = 0;
        return vecq_index_add_few(own, vectors.data(), ids.size(), ids.data(), 1, &added, &error) ==
               VECQ_OK;
    }
    vecq_status remove(const Ids& ids) {
        const vecq_status removed = vecq_index_remove(own, ids.data(), ids.size(), &error);
        return removed == VECQ_OK ? indexes::repair(own, &error) : removed;
    }
    bool holds(int64_t id) const {
        uint8_t held = 2;
        return vecq_index_contains(own, &id, 1, &held, nullptr) == VECQ_OK && held == 1;
    }
    Ids ids() const {
        Ids ids(size());
        size_t count = 0;
        vecq_index_ids(own, ids.data(), ids.size(), &count, nullptr);
        return ids;
    }

    vecq_index* own = nullptr;
    vecq_error error{};
    vecq_status status;
};

// Searches with filters and exclusions of ids, some of which the index does not have.
inline void use_ids(const Opened& index, const Vector& queries) {
    Ids ids = index.ids();
    ids.resize(ids.size() / 2);
    ids.push_back(123'456'789);
    Vector vectors(ids.size() * index.dim());
    vecq_index_get(index.own, ids.data(), ids.size(), vectors.data(), nullptr);
    const int64_t offsets[] = {0, 1, 1, static_cast<int64_t>(ids.size())};
    vecq_filter* filter = nullptr;
    const vecq_choice allow{sizeof allow, ids.data(), nullptr, nullptr, ids.size()};
    vecq_filter_open(index.own, &allow, nullptr, &filter, nullptr);
    for (const int32_t plan :
         {VECQ_PLAN_WALK, VECQ_PLAN_STEP_OVER, VECQ_PLAN_SCAN, VECQ_PLAN_PROBE}) {
        vecq_search_options options = search_of(5, 20, 15, 0, plan);
        options.filter = filter;
        options.exclude_offsets = offsets;
        options.exclude_ids = ids.data();
        index.search(queries, options);
    }
    vecq_filter_close(filter);
}

// Calls the entries that export graphs and recall curves.
inline void export_all(const Opened& index) {
    auto graph = sized<vecq_graph>();
    if (vecq_index_export_graph(index.own, &graph, nullptr) != VECQ_OK) return;
    std::vector<uint8_t> levels(graph.rows);
    Ids ids(graph.rows);
    Vector vectors(graph.rows * index.dim());
    std::vector<uint32_t> links(graph.rows * graph.max_degree);
    vecq_index_export_rows(index.own, 0, graph.rows, levels.data(), ids.data(), vectors.data(),
                           nullptr);
    auto stats = sized<vecq_index_stats>();
    vecq_index_get_stats(index.own, &stats, nullptr);
    for (size_t layer = 0; layer < graph.layers; ++layer)
        for (const size_t count : {graph.rows, stats.layer_rows[layer]})
            vecq_index_export_links(index.own, layer, 0, count, links.data(), graph.max_degree,
                                    nullptr);
    vecq_curve_point points[4];
    size_t count = 0;
    uint64_t measured_on = 0;
    vecq_index_curve(index.own, points, 4, &count, &measured_on, nullptr);
    vecq_index_probe_curve(index.own, points, 4, &count, nullptr);
    vecq_index_rerank_widths(index.own, points, 4, &count, nullptr);
    size_t width = 0;
    vecq_index_effort(index.own, 10, 0, &count, &width, nullptr);
}

using MakeTask = vecq_status (*)(vecq_index*, vecq_task**, vecq_error*);

inline vecq_status rebuild(vecq_index* index, MakeTask make, vecq_error* error = nullptr) {
    vecq_task* task = nullptr;
    vecq_status status = make(index, &task, error);
    if (status == VECQ_OK) status = run(task, error);
    vecq_task_close(task);
    return status;
}

inline vecq_status make_cells(vecq_index* index, vecq_task** task, vecq_error* error) {
    return vecq_task_partition(index, 7, task, error);
}

// Removes items one by one, because some calls may be refused, then updates and adds items.
inline void change(Opened& index, uint64_t seed) {
    Ids ids = index.ids();
    const size_t removed = std::min<size_t>(ids.size() / 2, 12);
    for (size_t i = 0; i < removed; ++i) index.remove({ids[i]});
    ids.erase(ids.begin(), ids.begin() + static_cast<ptrdiff_t>(removed));
    ids.resize(std::min<size_t>(ids.size(), 8));
    ids.push_back(987'654'321);
    for (const int64_t id : ids) index.update(samples::random_vector(index.dim(), seed++), {id});
    index.add(samples::random_vector(40 * index.dim(), seed));
    index.remove(ids);
    index.search(samples::random_vector(index.dim(), seed), search_of(5, 20));
}

// Opens the file writable and runs steps, null for changes and otherwise a rebuild, with a filter
// that follows them.
inline void use_changed(const std::string& path, const std::vector<MakeTask>& steps) {
    Opened index(path, true);
    if (index.status != VECQ_OK) return;
    const Ids ids = index.ids();
    const vecq_choice allow{sizeof allow, ids.data(), nullptr, nullptr, ids.size() / 2};
    vecq_filter* filter = nullptr;
    vecq_filter_open(index.own, &allow, nullptr, &filter, nullptr);
    vecq_search_options options = search_of(5, 20, 15, 0, VECQ_PLAN_AUTO);
    options.filter = filter;
    for (const MakeTask make : steps) {
        if (make == nullptr)
            change(index, 5);
        else
            rebuild(index.own, make);
        index.search(samples::random_vector(2 * index.dim(), 4), options);
    }
    vecq_filter_close(filter);
    problems_of(index.own);
}

// Calls every entry on a file with arbitrary contents. Results do not matter, only that nothing
// crashes. Returns false if the file cannot be opened.
inline bool use(const std::string& path, const std::string& copy) {
    const Opened read(path);
    if (read.status != VECQ_OK) return false;
    problems_of(read.own);
    auto stats = sized<vecq_index_stats>();
    vecq_index_get_stats(read.own, &stats, nullptr);
    const Vector queries = samples::random_vector(3 * read.dim(), 1);
    for (const int32_t plan :
         {VECQ_PLAN_AUTO, VECQ_PLAN_WALK, VECQ_PLAN_STEP_OVER, VECQ_PLAN_SCAN, VECQ_PLAN_PROBE}) {
        read.search(queries, search_of(5, 20, 8, 0, plan));
        read.search(queries, search_of(5, 20, 15, 10, plan));
    }
    // More queries than are scanned one by one.
    read.search(samples::random_vector(9 * read.dim(), 1),
                search_of(5, 20, 15, 0, VECQ_PLAN_PROBE));
    use_ids(read, queries);
    export_all(read);
    use_changed(path, {nullptr, vecq_task_refit, vecq_task_compact, nullptr});
    use_changed(path, {vecq_task_compact, nullptr, make_cells});
    use_changed(path, {vecq_task_refit, nullptr, vecq_task_compact});
    Opened writable(path, true);
    if (writable.status != VECQ_OK) return true;
    for (const uint64_t seed : {2, 3}) {
        if (stats.rows == 0) vecq_index_fit(writable.own, queries.data(), 3, nullptr);
        writable.add(samples::random_vector(40 * writable.dim(), seed));
        writable.search(queries, search_of(5, 20));
    }
    problems_of(writable.own);
    save(writable.own, copy);
    return true;
}

}  // namespace files
