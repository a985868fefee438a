// Native methods of vecq.Native that follow a file.
#include "helpers.hpp"

using namespace vecq_jni;

extern "C" {

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
