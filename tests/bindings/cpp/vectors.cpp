// The test vectors that Python and every binding answer alike.
#include <vecq.hpp>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>

#include "check.hpp"

namespace {

// A paragraph of cases.txt: the rest of a line by its first word.
class Case {
public:
    void add(const std::string& line) {
        const size_t space = line.find(' ');
        words_[line.substr(0, space)] = space == std::string::npos ? "" : line.substr(space + 1);
    }
    bool is_empty() const { return words_.empty(); }
    bool has(const char* key) const { return words_.count(key) != 0; }
    std::string text(const char* key) const { return has(key) ? words_.at(key) : ""; }
    std::vector<int64_t> ids(const char* key) const {
        std::vector<int64_t> own;
        std::istringstream in(text(key));
        for (int64_t id; in >> id;) own.push_back(id);
        return own;
    }
    std::vector<float> floats(const char* key) const {
        std::vector<float> own;
        std::istringstream in(text(key));
        for (std::string word; in >> word;) own.push_back(std::strtof(word.c_str(), nullptr));
        return own;
    }
    size_t number(const char* key) const { return static_cast<size_t>(ids(key)[0]); }

    vecq::Results run(const std::string& folder) const {
        const vecq::Index index(folder + text("index"));
        vecq::SearchOptions options;
        options.k = number("k");
        if (has("ef")) options.ef = number("ef");
        if (has("rerank")) options.rerank = number("rerank");
        if (has("target_recall")) options.target_recall = std::stod(text("target_recall"));
        if (text("plan") == "walk") options.plan = VECQ_PLAN_WALK;
        if (text("plan") == "scan") options.plan = VECQ_PLAN_SCAN;
        if (text("plan") == "probe") options.plan = VECQ_PLAN_PROBE;
        vecq::Exclusions excluded;
        if (has("exclude_offsets")) {
            const std::vector<int64_t> offsets = ids("exclude_offsets"), all = ids("exclude_ids");
            for (size_t i = 1; i < offsets.size(); ++i)
                excluded.add({all.data() + offsets[i - 1],
                              static_cast<size_t>(offsets[i] - offsets[i - 1])});
            options.exclude = &excluded;
        }
        if (has("exclude_names")) {
            excluded.add(index.numbers(words("exclude_names")));
            options.exclude = &excluded;
        }
        for (size_t i = 0; has("where_count") && i < number("where_count"); ++i) {
            const std::string key = "where_" + std::to_string(i);
            options.where.push_back(has(key.c_str()) ? vecq::Condition(text(key.c_str()))
                                                     : std::nullopt);
        }
        const std::vector<float> weights = floats("bias_weights");
        options.bias_weights = weights;
        const vecq::Groups groups(ids("group_ids"), words("group_keys"));
        if (has("group_ids")) options.group_by = &groups;
        if (has("per_group")) options.per_group = number("per_group");
        if (has("diversity")) options.diversity = floats("diversity")[0];
        if (has("probes")) options.probes = number("probes");
        if (has("candidates")) options.candidates = number("candidates");
        const std::vector<int64_t> allowed = ids("allow"), denied = ids("deny");
        const vecq::Ids allow = allowed, deny = denied;
        const vecq::Filter filter =
            index.filter(has("allow") ? &allow : nullptr, has("deny") ? &deny : nullptr);
        if (has("allow") || has("deny")) options.filter = &filter;
        vecq::Results found = index.search(floats("queries"), options);
        if (has("names")) check_names(index, found);
        return found;
    }

    std::vector<std::string> words(const char* key) const {
        std::istringstream in(text(key));
        return {std::istream_iterator<std::string>(in), {}};
    }

private:
    void check_names(const vecq::Index& index, const vecq::Results& found) const {
        std::vector<std::string> names;
        for (size_t query = 0; query < found.queries(); ++query)
            for (const std::string& name : index.names(found.ids(query))) names.push_back(name);
        CHECK(names == words("names"));
    }

    std::map<std::string, std::string> words_;
};

void check(const Case& one, const std::string& folder) {
    const std::map<vecq_status, std::string> names = {{VECQ_INVALID_ARGUMENT, "INVALID_ARGUMENT"},
                                                      {VECQ_CORRUPT_FILE, "CORRUPT_FILE"},
                                                      {VECQ_FILE_ERROR, "FILE_ERROR"}};
    const int before = failures;
    try {
        const vecq::Results found = one.run(folder);
        CHECK(!one.has("status"));
        std::vector<int64_t> counts, ids;
        std::vector<float> scores;
        for (size_t query = 0; query < found.queries(); ++query) {
            counts.push_back(static_cast<int64_t>(found.count(query)));
            for (const int64_t id : found.ids(query)) ids.push_back(id);
            for (const float score : found.scores(query)) scores.push_back(score);
        }
        CHECK(counts == one.ids("counts"));
        if (!one.has("names")) CHECK(ids == one.ids("ids"));
        CHECK(scores == one.floats("scores"));
    } catch (const vecq::Error& error) {
        CHECK(error.what() == one.text("message"));
        CHECK(error.argument() == one.text("argument"));
        CHECK(names.at(error.status()) == one.text("status"));
    }
    if (failures != before) std::printf("in the case: %s\n", one.text("case").c_str());
}

}  // namespace

void test_vectors(const std::string& tests) {
    std::ifstream file(tests + "/vectors/cases.txt");
    size_t count = 0;
    Case one;
    for (std::string line; std::getline(file, line);) {
        if (!line.empty()) {
            one.add(line);
        } else {
            check(one, tests + "/vectors/");
            one = {};
            ++count;
        }
    }
    CHECK(one.is_empty() && count > 30);
}
