// The native methods of the Java class vecq.Native. Handles are addresses as long. Queries are
// copied to, and results from, memory of the thread: a search takes far longer, and no garbage
// collection waits for it, as it would for a critical region.
#include <jni.h>
#include <vecq.h>

#include <cstdint>
#include <new>
#include <string>
#include <vector>

namespace {

template <class T>
T* pointer(jlong handle) {
    return reinterpret_cast<T*>(static_cast<uintptr_t>(handle));
}

jlong handle_of(const void* pointer) {
    return static_cast<jlong>(reinterpret_cast<uintptr_t>(pointer));
}

jbyteArray bytes_of(JNIEnv* env, const char* text) {
    const auto length = static_cast<jsize>(std::char_traits<char>::length(text));
    jbyteArray bytes = env->NewByteArray(length);
    if (bytes != nullptr)
        env->SetByteArrayRegion(bytes, 0, length, reinterpret_cast<const jbyte*>(text));
    return bytes;
}

// Throws a vecq.VecqException. Returns false.
bool fail(JNIEnv* env, vecq_status status, const vecq_error& error) {
    const jclass kind = env->FindClass("vecq/VecqException");
    if (kind == nullptr) return false;
    const jmethodID make = env->GetMethodID(kind, "<init>", "(I[B[BI)V");
    if (make == nullptr) return false;
    const jbyteArray argument = bytes_of(env, error.argument);
    const jbyteArray message = bytes_of(env, error.message);
    if (argument == nullptr || message == nullptr) return false;
    const jobject thrown = env->NewObject(kind, make, static_cast<jint>(status), argument, message,
                                          static_cast<jint>(error.system));
    if (thrown != nullptr) env->Throw(static_cast<jthrowable>(thrown));
    return false;
}

// Calls function(arguments..., &error). Returns false, with a pending exception, if it fails.
template <class Function, class... Arguments>
bool call(JNIEnv* env, Function function, Arguments... arguments) {
    vecq_error error;
    const vecq_status status = function(arguments..., &error);
    return status == VECQ_OK || fail(env, status, error);
}

bool out_of_memory(JNIEnv* env) {
    vecq_error error{};
    std::string("out of memory").copy(error.message, sizeof error.message - 1);
    return fail(env, VECQ_OUT_OF_MEMORY, error);
}

template <class Struct>
Struct sized() {
    Struct own{};
    own.struct_size = sizeof own;
    return own;
}

// A Java array as elements of a vector; `is_given` is false for null.
struct Longs {
    Longs(JNIEnv* env, jlongArray array) : is_given(array != nullptr) {
        if (!is_given) return;
        own.resize(static_cast<size_t>(env->GetArrayLength(array)));
        env->GetLongArrayRegion(array, 0, static_cast<jsize>(own.size()),
                                reinterpret_cast<jlong*>(own.data()));
    }
    vecq_choice choice() const {
        auto choice = sized<vecq_choice>();
        choice.ids = own.empty() ? nullptr : own.data();
        choice.count = own.size();
        return choice;
    }
    std::vector<int64_t> own;
    bool is_given;
};

std::string text_of(JNIEnv* env, jbyteArray bytes) {
    std::string text(static_cast<size_t>(env->GetArrayLength(bytes)), '\0');
    env->GetByteArrayRegion(bytes, 0, static_cast<jsize>(text.size()),
                            reinterpret_cast<jbyte*>(text.data()));
    return text;
}

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

// Runs a task to its end. Returns false with a pending exception if a step fails.
bool finish(JNIEnv* env, vecq_task* task) {
    for (size_t done = 0, total = 1; done < total;)
        if (!call(env, vecq_task_step, task, &done, &total)) return false;
    return true;
}

}  // namespace

extern "C" {

JNIEXPORT jbyteArray JNICALL Java_vecq_Native_version(JNIEnv* env, jclass) {
    return bytes_of(env, vecq_version());
}

JNIEXPORT jlong JNICALL Java_vecq_Native_open(JNIEnv* env, jclass, jbyteArray path) try {
    vecq_index* index = nullptr;
    call(env, vecq_index_open_file, text_of(env, path).c_str(), 0, &index);
    return handle_of(index);
} catch (const std::bad_alloc&) {
    return out_of_memory(env);
}

JNIEXPORT void JNICALL Java_vecq_Native_close(JNIEnv*, jclass, jlong index) {
    vecq_index_close(pointer<vecq_index>(index));
}

JNIEXPORT jlong JNICALL Java_vecq_Native_size(JNIEnv* env, jclass, jlong index) {
    size_t size = 0;
    call(env, vecq_index_size, pointer<vecq_index>(index), &size);
    return static_cast<jlong>(size);
}

JNIEXPORT void JNICALL Java_vecq_Native_describe(JNIEnv* env, jclass, jlong index, jintArray out) {
    auto about = sized<vecq_index_description>();
    auto options = sized<vecq_index_options>();
    if (!call(env, vecq_index_describe, pointer<vecq_index>(index), &about, &options, nullptr,
              nullptr))
        return;
    const jint facts[] = {static_cast<jint>(about.dim), options.metric};
    env->SetIntArrayRegion(out, 0, 2, facts);
}

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

JNIEXPORT jboolean JNICALL Java_vecq_Native_contains(JNIEnv* env, jclass, jlong index, jlong id) {
    const int64_t own = id;
    uint8_t found = 0;
    call(env, vecq_index_contains, pointer<vecq_index>(index), &own, size_t{1}, &found);
    return found != 0 ? JNI_TRUE : JNI_FALSE;
}

JNIEXPORT void JNICALL Java_vecq_Native_ids(JNIEnv* env, jclass, jlong index, jlongArray out) try {
    std::vector<int64_t> ids(static_cast<size_t>(env->GetArrayLength(out)));
    size_t count = 0;
    if (call(env, vecq_index_ids, pointer<vecq_index>(index), ids.data(), ids.size(), &count))
        env->SetLongArrayRegion(out, 0, static_cast<jsize>(ids.size()),
                                reinterpret_cast<const jlong*>(ids.data()));
} catch (const std::bad_alloc&) {
    out_of_memory(env);
}

JNIEXPORT void JNICALL Java_vecq_Native_vectors(JNIEnv* env, jclass, jlong index, jlongArray ids,
                                                jfloatArray out) try {
    const Longs own(env, ids);
    std::vector<float> vectors(static_cast<size_t>(env->GetArrayLength(out)));
    if (call(env, vecq_index_get, pointer<vecq_index>(index), own.own.data(), own.own.size(),
             vectors.data()))
        env->SetFloatArrayRegion(out, 0, static_cast<jsize>(vectors.size()), vectors.data());
} catch (const std::bad_alloc&) {
    out_of_memory(env);
}

JNIEXPORT jlongArray JNICALL Java_vecq_Native_stats(JNIEnv* env, jclass, jlong index) try {
    auto stats = sized<vecq_index_stats>();
    if (!call(env, vecq_index_get_stats, pointer<vecq_index>(index), &stats)) return nullptr;
    std::vector<jlong> facts;
    for (const size_t fact :
         {stats.rows, stats.unreachable, stats.kept_out, stats.free_slots, stats.code_bytes,
          stats.link_bytes, stats.id_bytes, stats.rerank_bytes})
        facts.push_back(static_cast<jlong>(fact));
    for (size_t layer = 0; layer < stats.layers; ++layer)
        facts.push_back(static_cast<jlong>(stats.layer_rows[layer]));
    const auto length = static_cast<jsize>(facts.size());
    jlongArray out = env->NewLongArray(length);
    if (out != nullptr) env->SetLongArrayRegion(out, 0, length, facts.data());
    return out;
} catch (const std::bad_alloc&) {
    out_of_memory(env);
    return nullptr;
}

JNIEXPORT void JNICALL Java_vecq_Native_preload(JNIEnv* env, jclass, jlong index, jint preload) {
    vecq_task* task = nullptr;
    if (!call(env, vecq_task_preload, pointer<vecq_index>(index), preload, 0, &task)) return;
    finish(env, task);
    vecq_task_close(task);
}

// Locations and messages of the problems by turns.
JNIEXPORT jobjectArray JNICALL Java_vecq_Native_check(JNIEnv* env, jclass, jlong index,
                                                      jboolean deep) {
    vecq_task* task = nullptr;
    const int32_t depth = deep == JNI_TRUE ? 1 : 0;
    if (!call(env, vecq_task_check, pointer<vecq_index>(index), depth, &task)) return nullptr;
    vecq_problem problems[16];
    size_t listed = 0, count = 0;
    const bool is_done = finish(env, task) &&
                         call(env, vecq_task_problems, task, problems, size_t{16}, &listed, &count);
    vecq_task_close(task);
    if (!is_done) return nullptr;
    const jsize length = 2 * static_cast<jsize>(listed < 16 ? listed : 16);
    jobjectArray out = env->NewObjectArray(length, env->FindClass("[B"), nullptr);
    for (jsize i = 0; out != nullptr && i < length; ++i) {
        const vecq_problem& problem = problems[i / 2];
        jbyteArray text = bytes_of(env, i % 2 == 0 ? problem.location : problem.message);
        if (text == nullptr) return nullptr;
        env->SetObjectArrayElement(out, i, text);
        env->DeleteLocalRef(text);
    }
    return out;
}

JNIEXPORT jlong JNICALL Java_vecq_Native_openFilter(JNIEnv* env, jclass, jlong index,
                                                    jlongArray allow, jlongArray deny) try {
    const Longs allowed(env, allow), denied(env, deny);
    const vecq_choice in = allowed.choice(), out = denied.choice();
    vecq_filter* filter = nullptr;
    call(env, vecq_filter_open, pointer<vecq_index>(index), allowed.is_given ? &in : nullptr,
         denied.is_given ? &out : nullptr, &filter);
    return handle_of(filter);
} catch (const std::bad_alloc&) {
    return out_of_memory(env);
}

JNIEXPORT void JNICALL Java_vecq_Native_closeFilter(JNIEnv*, jclass, jlong filter) {
    vecq_filter_close(pointer<vecq_filter>(filter));
}

JNIEXPORT jlong JNICALL Java_vecq_Native_filterCount(JNIEnv* env, jclass, jlong filter) {
    size_t count = 0;
    call(env, vecq_filter_count, pointer<vecq_filter>(filter), &count);
    return static_cast<jlong>(count);
}

JNIEXPORT jlong JNICALL Java_vecq_Native_openGroups(JNIEnv* env, jclass, jlongArray ids,
                                                    jintArray groups) try {
    const Longs own(env, ids);
    std::vector<uint32_t> numbers(own.own.size());
    env->GetIntArrayRegion(groups, 0, static_cast<jsize>(numbers.size()),
                           reinterpret_cast<jint*>(numbers.data()));
    vecq_groups* opened = nullptr;
    call(env, vecq_groups_open, own.own.data(), numbers.data(), numbers.size(), &opened);
    return handle_of(opened);
} catch (const std::bad_alloc&) {
    return out_of_memory(env);
}

JNIEXPORT void JNICALL Java_vecq_Native_closeGroups(JNIEnv*, jclass, jlong groups) {
    vecq_groups_close(pointer<vecq_groups>(groups));
}

JNIEXPORT void JNICALL Java_vecq_Native_numbers(JNIEnv* env, jclass, jlong index, jbyteArray names,
                                                jlongArray offsets, jlongArray out) try {
    const std::string bytes = text_of(env, names);
    const Longs own(env, offsets);
    std::vector<int64_t> numbers(own.own.size() - 1);
    uint64_t version = 0;
    if (call(env, vecq_index_find_ids, pointer<vecq_index>(index), bytes.data(), bytes.size(),
             own.own.data(), numbers.size(), numbers.data(), &version))
        env->SetLongArrayRegion(out, 0, static_cast<jsize>(numbers.size()),
                                reinterpret_cast<const jlong*>(numbers.data()));
} catch (const std::bad_alloc&) {
    out_of_memory(env);
}

JNIEXPORT jobjectArray JNICALL Java_vecq_Native_names(JNIEnv* env, jclass, jlong handle,
                                                      jlongArray numbers) try {
    const vecq_index* index = pointer<vecq_index>(handle);
    const Longs own(env, numbers);
    const size_t count = own.own.size();
    std::string bytes(32 * count, '\0');
    std::vector<int64_t> offsets(count + 1);
    // An index that is read-only keeps the version of its numbers.
    uint64_t version = 0;
    if (!call(env, vecq_index_find_ids, index, nullptr, size_t{0}, nullptr, size_t{0}, nullptr,
              &version))
        return nullptr;
    for (size_t length = bytes.size() + 1; length > bytes.size();) {
        int32_t is_current = 0;
        if (!call(env, vecq_index_names, index, own.own.data(), count, version, bytes.data(),
                  bytes.size(), offsets.data(), &length, &is_current))
            return nullptr;
        if (length > bytes.size()) bytes.resize(length++);
    }
    jobjectArray out =
        env->NewObjectArray(static_cast<jsize>(count), env->FindClass("[B"), nullptr);
    for (size_t i = 0; out != nullptr && i < count; ++i) {
        const auto length = static_cast<jsize>(offsets[i + 1] - offsets[i]);
        jbyteArray text = env->NewByteArray(length);
        if (text == nullptr) return nullptr;
        env->SetByteArrayRegion(text, 0, length,
                                reinterpret_cast<const jbyte*>(bytes.data() + offsets[i]));
        env->SetObjectArrayElement(out, static_cast<jsize>(i), text);
        env->DeleteLocalRef(text);
    }
    return out;
} catch (const std::bad_alloc&) {
    out_of_memory(env);
    return nullptr;
}

JNIEXPORT jlong JNICALL Java_vecq_Native_openLive(JNIEnv* env, jclass, jbyteArray path,
                                                  jint preload, jboolean skips_checksums) try {
    auto options = sized<vecq_live_options>();
    options.preload = preload;
    options.skip_checksums = skips_checksums == JNI_TRUE ? 1 : 0;
    vecq_live* live = nullptr;
    call(env, vecq_live_open, text_of(env, path).c_str(), &options, &live);
    return handle_of(live);
} catch (const std::bad_alloc&) {
    return out_of_memory(env);
}

JNIEXPORT void JNICALL Java_vecq_Native_closeLive(JNIEnv*, jclass, jlong live) {
    vecq_live_close(pointer<vecq_live>(live));
}

JNIEXPORT jboolean JNICALL Java_vecq_Native_refresh(JNIEnv* env, jclass, jlong live,
                                                    jboolean retry) {
    int32_t swapped = 0;
    call(env, vecq_live_refresh, pointer<vecq_live>(live), retry == JNI_TRUE ? 1 : 0, &swapped);
    return swapped != 0 ? JNI_TRUE : JNI_FALSE;
}

// The index, and its version in `out`.
JNIEXPORT jlong JNICALL Java_vecq_Native_acquire(JNIEnv* env, jclass, jlong live, jlongArray out) {
    const vecq_index* index = nullptr;
    uint64_t version = 0;
    if (!call(env, vecq_live_acquire, pointer<vecq_live>(live), &index, &version)) return 0;
    const auto own = static_cast<jlong>(version);
    env->SetLongArrayRegion(out, 0, 1, &own);
    return handle_of(index);
}

JNIEXPORT void JNICALL Java_vecq_Native_release(JNIEnv*, jclass, jlong index) {
    vecq_live_release(pointer<const vecq_index>(index));
}

// Version, failures and modification time in `out`. Returns the error of the last refresh, or null.
JNIEXPORT jthrowable JNICALL Java_vecq_Native_liveStatus(JNIEnv* env, jclass, jlong live,
                                                         jlongArray out) {
    auto status = sized<vecq_live_status>();
    if (!call(env, vecq_live_get_status, pointer<vecq_live>(live), &status)) return nullptr;
    const jlong facts[] = {static_cast<jlong>(status.version), static_cast<jlong>(status.failures),
                           status.changed_ns};
    env->SetLongArrayRegion(out, 0, 3, facts);
    if (status.failed == VECQ_OK) return nullptr;
    fail(env, static_cast<vecq_status>(status.failed), status.error);
    const jthrowable failure = env->ExceptionOccurred();
    env->ExceptionClear();
    return failure;
}

}  // extern "C"
