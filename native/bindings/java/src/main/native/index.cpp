// Native methods of vecq.Native that open, describe, read and validate an index.
#include "helpers.hpp"

using namespace vecq_jni;

namespace {

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

}  // extern "C"
