// Helpers that all native methods of vecq.Native share: handles as addresses, errors as exceptions,
// and copies of Java arrays.
#pragma once

#include <jni.h>
#include <vecq.h>

#include <cstdint>
#include <new>
#include <string>
#include <vector>

namespace vecq_jni {

template <class T>
T* pointer(jlong handle) {
    return reinterpret_cast<T*>(static_cast<uintptr_t>(handle));
}

inline jlong handle_of(const void* pointer) {
    return static_cast<jlong>(reinterpret_cast<uintptr_t>(pointer));
}

inline jbyteArray bytes_of(JNIEnv* env, const char* text) {
    const auto length = static_cast<jsize>(std::char_traits<char>::length(text));
    jbyteArray bytes = env->NewByteArray(length);
    if (bytes != nullptr)
        env->SetByteArrayRegion(bytes, 0, length, reinterpret_cast<const jbyte*>(text));
    return bytes;
}

// Throws a vecq.VecqException. Returns false.
inline bool fail(JNIEnv* env, vecq_status status, const vecq_error& error) {
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

inline bool out_of_memory(JNIEnv* env) {
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

inline std::string text_of(JNIEnv* env, jbyteArray bytes) {
    std::string text(static_cast<size_t>(env->GetArrayLength(bytes)), '\0');
    env->GetByteArrayRegion(bytes, 0, static_cast<jsize>(text.size()),
                            reinterpret_cast<jbyte*>(text.data()));
    return text;
}

}  // namespace vecq_jni
