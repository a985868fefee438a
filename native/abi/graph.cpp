// Entries for import and export of graphs.
#include "abi/arguments.hpp"
#include "abi/fence.hpp"
#include "abi/handles.hpp"

using namespace vecq;

vecq_status vecq_index_import_levels(vecq_index* index, const uint8_t* levels, size_t count,
                                     vecq_error* error) {
    return fenced(error, [&] {
        checked(levels, "levels", count, sizeof *levels, "count");
        require(index, "index")->index.import_levels(levels, count);
    });
}

vecq_status vecq_index_import_links(vecq_index* index, size_t layer, size_t first, size_t count,
                                    const uint32_t* links, size_t width, vecq_error* error) {
    return fenced(error, [&] {
        Index& own = require(index, "index")->index;
        checked_range(width, 1, kMaxDegree, "width");
        checked(links, "links", count, width * sizeof *links, "count");
        own.import_links(layer, {first, count, links, width});
    });
}

vecq_status vecq_index_import_adopt(vecq_index* index, uint32_t entry, vecq_error* error) {
    return fenced(error, [&] { require(index, "index")->index.import_adopt(entry); });
}

vecq_status vecq_index_export_graph(const vecq_index* index, vecq_graph* graph, vecq_error* error) {
    return fenced(error, [&] {
        const GraphShape shape = require(index, "index")->index.inspect(vecq::export_graph);
        vecq_graph out{};
        out.rows = shape.rows;
        out.layers = shape.layers;
        out.max_degree = shape.degree;
        out.entry_count = shape.entries.size();
        std::copy(shape.entries.begin(), shape.entries.end(), out.entries);
        write_struct(graph, out, "graph");
    });
}

vecq_status vecq_index_export_rows(const vecq_index* index, size_t first, size_t count,
                                   uint8_t* levels, int64_t* ids, float* vectors,
                                   vecq_error* error) {
    return fenced(error, [&] {
        const Index& own = require(index, "index")->index;
        checked(levels, "levels", count, sizeof *levels, "count");
        checked(ids, "ids", count, sizeof *ids, "count");
        checked(vectors, "vectors", count, own.dim() * sizeof *vectors, "count");
        own.inspect([&](const IndexState& state) {
            vecq::export_rows(state, first, count, levels, ids, vectors);
        });
    });
}

vecq_status vecq_index_export_links(const vecq_index* index, size_t layer, size_t first,
                                    size_t count, uint32_t* links, size_t width,
                                    vecq_error* error) {
    return fenced(error, [&] {
        const Index& own = require(index, "index")->index;
        checked_range(width, 1, kMaxDegree, "width");
        checked(links, "links", count, width * sizeof *links, "count");
        own.inspect([&](const IndexState& state) {
            vecq::export_links(state, layer, first, count, links, width);
        });
    });
}
