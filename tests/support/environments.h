/* SPDX-License-Identifier: MIT */
/* Floating-point environments that a caller of the library can have set: each way of rounding,
 * subnormals flushed to zero or not, with and without traps. What is not possible on a machine is
 * left out there. Between environment_set and environment_reset a test must not compute: it would
 * trap. */
#ifndef QUANT_TESTS_SUPPORT_ENVIRONMENTS_H
#define QUANT_TESTS_SUPPORT_ENVIRONMENTS_H

#include <fenv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- Subnormals ---- */

#if defined(__x86_64__) || defined(__i386__)
static inline uint64_t flush_get(void)
{
    uint32_t mxcsr;
    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
    return mxcsr & 0x8040U; /* FTZ and DAZ */
}

static inline void flush_set(uint64_t bits)
{
    uint32_t mxcsr;
    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
    mxcsr = (mxcsr & ~0x8040U) | (uint32_t)bits;
    __asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
}

enum { FLUSH_BITS = 0x8040 };
#elif defined(__aarch64__)
static inline uint64_t flush_get(void)
{
    uint64_t fpcr;
    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    return fpcr & 0x1000000;
}

static inline void flush_set(uint64_t bits)
{
    uint64_t fpcr;
    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    fpcr = (fpcr & ~(uint64_t)0x1000000) | bits;
    __asm__ volatile("msr fpcr, %0" : : "r"(fpcr));
}

enum { FLUSH_BITS = 0x1000000 };
#else
static inline uint64_t flush_get(void)
{
    return 0;
}

static inline void flush_set(uint64_t bits)
{
    (void)bits;
}

enum { FLUSH_BITS = 0 };
#endif

/* ---- Traps: a GNU extension that not every machine has ---- */

#if defined(__GLIBC__)
static inline int traps_get(void)
{
    return fegetexcept();
}

static inline void traps_set(int traps)
{
    fedisableexcept(FE_ALL_EXCEPT & ~traps);
    feenableexcept(traps);
}
#else
static inline int traps_get(void)
{
    return 0;
}

static inline void traps_set(int traps)
{
    (void)traps;
}
#endif

/* ---- All ---- */

static const int environment_modes[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};

/* What the last environment_set came to. */
static int environment_traps;
static uint64_t environment_flush;
static int environment_flags;

static inline size_t environment_count(void)
{
    return sizeof environment_modes / sizeof environment_modes[0] * 2 * 2;
}

static inline void environment_set(size_t i)
{
    fesetround(environment_modes[i / 4]);
    feraiseexcept(FE_DIVBYZERO); /* a flag that is to stay, among others that are not to come */
    flush_set(i / 2 % 2 > 0 ? FLUSH_BITS : 0);
    environment_flags = fetestexcept(FE_ALL_EXCEPT);
    if (i % 2 > 0)
        traps_set(FE_ALL_EXCEPT);
    environment_traps = traps_get();
    environment_flush = flush_get();
}

/* What differs from environment_set(i); NULL: nothing. */
static inline const char *environment_changed(size_t i)
{
    if (fegetround() != environment_modes[i / 4])
        return "the way of rounding";
    if (flush_get() != environment_flush)
        return "what becomes of subnormals";
    if (traps_get() != environment_traps)
        return "the mask of traps";
    return fetestexcept(FE_ALL_EXCEPT) == environment_flags ? NULL : "a flag of an exception";
}

static inline void environment_reset(void)
{
    traps_set(0);
    feclearexcept(FE_ALL_EXCEPT);
    fesetround(FE_TONEAREST);
    flush_set(0);
}

#endif
