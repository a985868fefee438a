// Native methods of vecq.Native that translate string ids to numbers and back.
#include "helpers.hpp"

using namespace vecq_jni;

extern "C" {

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

}  // extern "C"
