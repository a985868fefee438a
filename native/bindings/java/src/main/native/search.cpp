// Native methods of vecq.Native that search. Queries are copied to, and results from, memory of the
// thread: a search takes far longer, and no garbage collection waits for it, as it would for a
// critical region.
#include "helpers.hpp"

using namespace vecq_jni;

namespace {

// Memory that a thread keeps for its searches, up to a limit.
struct Scratch {
    std::vector<float> queries, scores, weights;
    std::vector<int64_t> ids, counts, offsets, excluded;

    void trim() {
        constexpr size_t kept = size_t{1} << 18;
        if (queries.size() + scores.size() + ids.size() + excluded.size() > kept) *this = {};
    }
};

void copy(JNIEnv* env, jlongArray from, std::vector<int64_t>& to) {
    to.resize(static_cast<size_t>(env->GetArrayLength(from)));
    env->GetLongArrayRegion(from, 0, static_cast<jsize>(to.size()),
                            reinterpret_cast<jlong*>(to.data()));
}

// Conditions in memory that vecq_search_options borrows.
class Conditions {
public:
    Conditions(JNIEnv* env, jobjectArray conditions) {
        if (conditions == nullptr) return;
        const jsize count = env->GetArrayLength(conditions);
        for (jsize i = 0; i < count; ++i) {
            const auto bytes = static_cast<jbyteArray>(env->GetObjectArrayElement(conditions, i));
            is_given_.push_back(bytes != nullptr);
            texts_.push_back(bytes == nullptr ? std::string() : text_of(env, bytes));
            env->DeleteLocalRef(bytes);
        }
        for (size_t i = 0; i < texts_.size(); ++i)
            pointers_.push_back(is_given_[i] ? texts_[i].c_str() : nullptr);
    }
    void set(vecq_search_options& options) const {
        options.where = pointers_.data();
        options.where_count = pointers_.size();
    }

private:
    std::vector<bool> is_given_;
    std::vector<std::string> texts_;
    std::vector<const char*> pointers_;
};

// A search as vecq.Native.search describes it.
bool search(JNIEnv* env, const vecq_index* index, vecq_search_options& options, double recall,
            bool default_rerank, jlongArray offsets, jlongArray excluded, jfloatArray weights,
            jfloatArray queries, size_t count, jlongArray ids, jfloatArray scores,
            jlongArray counts, jlongArray report) {
    static thread_local Scratch scratch;
    const size_t ef = options.ef, rerank = options.rerank;
    if (recall != 0 || default_rerank) {
        if (!call(env, vecq_index_effort, index, options.k, recall, &options.ef, &options.rerank))
            return false;
        if (ef != 0) options.ef = ef;
        if (!default_rerank) options.rerank = rerank;
    }
    scratch.queries.resize(static_cast<size_t>(env->GetArrayLength(queries)));
    env->GetFloatArrayRegion(queries, 0, static_cast<jsize>(scratch.queries.size()),
                             scratch.queries.data());
    if (offsets != nullptr) {
        copy(env, offsets, scratch.offsets);
        copy(env, excluded, scratch.excluded);
        options.exclude_offsets = scratch.offsets.data();
        options.exclude_ids = scratch.excluded.data();
    }
    if (weights != nullptr) {
        scratch.weights.resize(count);
        env->GetFloatArrayRegion(weights, 0, static_cast<jsize>(count), scratch.weights.data());
        options.bias_weights = scratch.weights.data();
    }
    const size_t places = count * options.k;
    scratch.ids.resize(places);
    scratch.scores.resize(places);
    scratch.counts.resize(count);
    auto found = sized<vecq_search_report>();
    if (!call(env, vecq_index_search, index, &options, scratch.queries.data(), count,
              scratch.ids.data(), scratch.scores.data(), scratch.counts.data(), &found))
        return false;
    const auto length = static_cast<jsize>(places);
    env->SetLongArrayRegion(ids, 0, length, reinterpret_cast<jlong*>(scratch.ids.data()));
    env->SetFloatArrayRegion(scores, 0, length, scratch.scores.data());
    env->SetLongArrayRegion(counts, 0, static_cast<jsize>(count),
                            reinterpret_cast<jlong*>(scratch.counts.data()));
    const jlong facts[] = {found.plan, static_cast<jlong>(found.hops),
                           static_cast<jlong>(found.scored_rows)};
    env->SetLongArrayRegion(report, 0, 3, facts);
    scratch.trim();
    return true;
}

}  // namespace

extern "C" {

JNIEXPORT void JNICALL Java_vecq_Native_effort(JNIEnv* env, jclass, jlong index, jint k,
                                               jdouble recall, jlongArray out) {
    size_t effort[2] = {};
    if (!call(env, vecq_index_effort, pointer<vecq_index>(index), static_cast<size_t>(k), recall,
              &effort[0], &effort[1]))
        return;
    const jlong facts[] = {static_cast<jlong>(effort[0]), static_cast<jlong>(effort[1])};
    env->SetLongArrayRegion(out, 0, 2, facts);
}

JNIEXPORT void JNICALL Java_vecq_Native_search(
    JNIEnv* env, jclass, jlong index, jint k, jlong ef, jdouble recall, jlong rerank, jint plan,
    jlong probes, jint threads, jlong filter, jlongArray offsets, jlongArray excluded,
    jobject cancelled, jobjectArray where, jfloatArray weights, jlong groups, jint per_group,
    jfloat diversity, jint candidates, jfloatArray queries, jint count, jlongArray ids,
    jfloatArray scores, jlongArray counts, jlongArray report) try {
    auto options = sized<vecq_search_options>();
    options.k = static_cast<size_t>(k);
    options.ef = static_cast<size_t>(ef);
    options.rerank = static_cast<size_t>(rerank < 0 ? 0 : rerank);
    options.plan = plan;
    options.probes = static_cast<size_t>(probes);
    options.threads = static_cast<size_t>(threads);
    options.filter = pointer<vecq_filter>(filter);
    if (cancelled != nullptr)
        options.cancelled = static_cast<const int32_t*>(env->GetDirectBufferAddress(cancelled));
    const Conditions conditions(env, where);
    conditions.set(options);
    options.groups = pointer<vecq_groups>(groups);
    options.per_group = static_cast<size_t>(per_group);
    options.diversity = diversity;
    options.candidates = static_cast<size_t>(candidates);
    search(env, pointer<vecq_index>(index), options, recall, rerank < 0, offsets, excluded, weights,
           queries, static_cast<size_t>(count), ids, scores, counts, report);
} catch (const std::bad_alloc&) {
    out_of_memory(env);
}

}  // extern "C"
