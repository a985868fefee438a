// Native methods of vecq.Native that make filters and groups, which searches borrow.
#include "helpers.hpp"

using namespace vecq_jni;

extern "C" {

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

}  // extern "C"
