// Reads the feature bits of the processor and the register states that the kernel saves.
#include "base/cpu.hpp"

#include <cstdint>

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

namespace vecq::cpu {
namespace {

#if defined(__x86_64__)

struct Leaf {
    uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Leaf cpuid(uint32_t leaf, uint32_t subleaf) {
    Leaf out;
    if (__get_cpuid_count(leaf, subleaf, &out.eax, &out.ebx, &out.ecx, &out.edx) == 0) return {};
    return out;
}

bool has_bit(uint32_t word, int position) { return (word >> position & 1) != 0; }

// Register states that the operating system saves (XCR0).
uint64_t saved_states() {
    if (!has_bit(cpuid(1, 0).ecx, 27)) return 0;
    uint32_t low = 0, high = 0;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return uint64_t{high} << 32 | low;
}

bool kernel_saves(uint64_t states) { return (saved_states() & states) == states; }

constexpr uint64_t kAvxState = 0x6, kAvx512State = 0xe6, kTileState = 0x60000;

bool kernel_grants_tiles() {
    constexpr long kRequestPermission = 0x1023, kTileData = 18;
    static const bool granted = syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
    return granted;
}

const char* missing_crc32c() { return has_bit(cpuid(1, 0).ecx, 20) ? nullptr : "needs sse4.2"; }

const char* missing_sse41() { return has_bit(cpuid(1, 0).ecx, 19) ? nullptr : "needs sse4.1"; }

const char* missing_avx2() {
    const Leaf one = cpuid(1, 0);
    if (!has_bit(cpuid(7, 0).ebx, 5)) return "needs avx2";
    if (!has_bit(one.ecx, 12)) return "needs fma";
    if (!has_bit(one.ecx, 29)) return "needs f16c";
    return kernel_saves(kAvxState) ? nullptr : "the kernel does not save AVX registers";
}

const char* missing_avx_vnni() {
    if (const char* reason = missing_avx2()) return reason;
    return has_bit(cpuid(7, 1).eax, 4) ? nullptr : "needs avx_vnni";
}

const char* missing_avx512() {
    if (const char* reason = missing_avx2()) return reason;
    const uint32_t ebx = cpuid(7, 0).ebx;
    if (!has_bit(ebx, 16)) return "needs avx512f";
    if (!has_bit(ebx, 17)) return "needs avx512dq";
    if (!has_bit(ebx, 30)) return "needs avx512bw";
    if (!has_bit(ebx, 31)) return "needs avx512vl";
    return kernel_saves(kAvx512State) ? nullptr : "the kernel does not save AVX-512 registers";
}

const char* missing_avx512_vnni() {
    if (const char* reason = missing_avx512()) return reason;
    return has_bit(cpuid(7, 0).ecx, 11) ? nullptr : "needs avx512_vnni";
}

const char* missing_amx_int8() {
    if (const char* reason = missing_avx512_vnni()) return reason;
    const uint32_t edx = cpuid(7, 0).edx;
    if (!has_bit(edx, 24)) return "needs amx_tile";
    if (!has_bit(edx, 25)) return "needs amx_int8";
    if (!kernel_saves(kTileState)) return "the kernel does not save AMX tiles";
    return kernel_grants_tiles() ? nullptr : "the kernel did not grant AMX tiles";
}

#elif defined(__aarch64__)

const char* missing_crc32c() {
    constexpr unsigned long kCrc32 = 1UL << 7;  // HWCAP_CRC32
    return (getauxval(AT_HWCAP) & kCrc32) != 0 ? nullptr : "needs crc32";
}

const char* missing_neon_dotprod() {
    constexpr unsigned long kDotProduct = 1UL << 20;  // HWCAP_ASIMDDP
    return (getauxval(AT_HWCAP) & kDotProduct) != 0 ? nullptr : "needs asimddp";
}

#endif

#if defined(__x86_64__)

bool is_amd() {
    const Leaf vendor = cpuid(0, 0);
    return vendor.ebx == 0x68747541 && vendor.edx == 0x69746e65 && vendor.ecx == 0x444d4163;
}

uint32_t family() {
    const uint32_t eax = cpuid(1, 0).eax, base = eax >> 8 & 0xf;
    return base == 0xf ? base + (eax >> 20 & 0xff) : base;
}

#endif

}  // namespace

const char* missing(Feature feature) {
    switch (feature) {
#if defined(__x86_64__)
        case Feature::crc32c: return missing_crc32c();
        case Feature::sse41: return missing_sse41();
        case Feature::avx2: return missing_avx2();
        case Feature::avx_vnni: return missing_avx_vnni();
        case Feature::avx512: return missing_avx512();
        case Feature::avx512_vnni: return missing_avx512_vnni();
        case Feature::amx_int8: return missing_amx_int8();
#elif defined(__aarch64__)
        case Feature::crc32c: return missing_crc32c();
        case Feature::neon_dotprod: return missing_neon_dotprod();
#endif
        default: return "needs another processor family";
    }
}

bool prefers_first_cache() {
#if defined(__x86_64__)
    constexpr uint32_t kZen5 = 0x1a;
    static const bool is_zen5 = is_amd() && family() >= kZen5;
    return is_zen5;
#else
    return false;
#endif
}

}  // namespace vecq::cpu
