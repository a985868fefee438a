// The headers of every engine file, included before its target region opens: code defined here is
// compiled for the baseline, so that no shared symbol needs a newer processor.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>

#if defined(__x86_64__)
#if !defined(__clang__)
// GCC 12 warns about the deliberately undefined operands of its own intrinsics.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop
#else
#include <immintrin.h>
#endif
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "base/bitset.hpp"
#include "base/cpu.hpp"
#include "base/half.hpp"
#include "base/vectors.hpp"
#include "engine/jobs.hpp"
#include "engine/list.hpp"

// Functions between VECQ_TARGET and VECQ_TARGET_END are compiled for the named features.
#define VECQ_PRAGMA(text) _Pragma(#text)
#if defined(__clang__)
#define VECQ_TARGET(features) \
    VECQ_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define VECQ_TARGET_END VECQ_PRAGMA(clang attribute pop)
#else
#define VECQ_TARGET(features) VECQ_PRAGMA(GCC push_options) VECQ_PRAGMA(GCC target(features))
#define VECQ_TARGET_END VECQ_PRAGMA(GCC pop_options)
#endif
