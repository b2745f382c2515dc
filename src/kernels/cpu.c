/* SPDX-License-Identifier: MIT */
/*
 * CPUID says what the processor can do. XCR0 says whether the operating system saves the wide
 * registers when it switches tasks (Intel 64 and IA-32 Architectures Software Developer's Manual,
 * volume 1, 13.3). If it does not, they must not be used, whatever CPUID says.
 */
#include "kernels/cpu.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <stdint.h>

enum {
    /* XCR0 */
    STATE_YMM = 1 << 1 | 1 << 2,
    STATE_ZMM = STATE_YMM | 1 << 5 | 1 << 6 | 1 << 7,
    /* CPUID 1, ECX */
    HAS_FMA = 1 << 12,
    HAS_OSXSAVE = 1 << 27,
    HAS_AVX = 1 << 28,
    HAS_F16C = 1 << 29,
    /* CPUID 7.0, EBX */
    HAS_AVX2 = 1 << 5,
    HAS_AVX512F = 1 << 16,
    HAS_AVX512DQ = 1 << 17,
    HAS_AVX512BW = 1 << 30,
};
#define HAS_AVX512VL (1U << 31)

/* XGETBV, given as bytes: the intrinsic would need a target attribute. */
static uint64_t read_xcr0(void)
{
    uint32_t low;
    uint32_t high;
    __asm__ volatile(".byte 0x0f, 0x01, 0xd0" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

static bool has_all(unsigned leaf_1_ecx, unsigned leaf_7_ebx, uint64_t states)
{
    unsigned a;
    unsigned b;
    unsigned c;
    unsigned d;
    leaf_1_ecx |= HAS_OSXSAVE;
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & leaf_1_ecx) != leaf_1_ecx)
        return false;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (b & leaf_7_ebx) != leaf_7_ebx)
        return false;
    return (read_xcr0() & states) == states;
}

bool quant_cpu_has_avx2(void)
{
    return has_all(HAS_AVX | HAS_FMA | HAS_F16C, HAS_AVX2, STATE_YMM);
}

bool quant_cpu_has_avx512(void)
{
    return has_all(HAS_AVX | HAS_FMA | HAS_F16C,
                   HAS_AVX2 | HAS_AVX512F | HAS_AVX512DQ | HAS_AVX512BW | HAS_AVX512VL, STATE_ZMM);
}

#else

/* ISO C requires at least one declaration in a file. */
typedef int quant_cpu_has_nothing_to_ask;

#endif
