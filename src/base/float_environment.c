/* SPDX-License-Identifier: MIT */
/* <fenv.h> would do on every machine, but takes 40 ns on x86, where it saves and loads the whole
 * state of the x87. Registers are written only if they change: that is slow. */
#include "base/float_environment.h"

#if defined(__x86_64__) || defined(__i386__)

/* All exceptions masked, to nearest, neither FTZ nor DAZ, no flag. The x87 also: 64 bits of
 * precision. */
enum { MXCSR_DEFAULT = 0x1F80, MXCSR_FLAGS = 0x3F, X87_DEFAULT = 0x037F };

static inline uint32_t get_mxcsr(void)
{
    uint32_t mxcsr;
    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr) : : "memory");
    return mxcsr;
}

static inline void set_mxcsr(uint32_t mxcsr)
{
    __asm__ volatile("ldmxcsr %0" : : "m"(mxcsr) : "memory");
}

static inline uint16_t get_x87_control(void)
{
    uint16_t control;
    __asm__ volatile("fnstcw %0" : "=m"(control) : : "memory");
    return control;
}

static inline void set_x87_control(uint16_t control)
{
    __asm__ volatile("fldcw %0" : : "m"(control) : "memory");
}

void quant_float_environment_enter(struct quant_float_environment *caller)
{
    caller->mxcsr = get_mxcsr();
    caller->x87_control = get_x87_control();
    if ((caller->mxcsr & ~(uint32_t)MXCSR_FLAGS) != MXCSR_DEFAULT)
        set_mxcsr(MXCSR_DEFAULT);
    if (caller->x87_control != X87_DEFAULT)
        set_x87_control(X87_DEFAULT);
}

/* The flags of the x87 are left alone: nothing here computes with it. */
void quant_float_environment_leave(struct quant_float_environment *caller)
{
    if (get_mxcsr() != caller->mxcsr)
        set_mxcsr(caller->mxcsr);
    if (caller->x87_control != X87_DEFAULT)
        set_x87_control(caller->x87_control);
}

#elif defined(__aarch64__)

static inline void set_fpcr(uint64_t fpcr)
{
    __asm__ volatile("msr fpcr, %0" : : "r"(fpcr) : "memory");
}

static inline uint64_t get_fpsr(void)
{
    uint64_t fpsr;
    __asm__ volatile("mrs %0, fpsr" : "=r"(fpsr) : : "memory");
    return fpsr;
}

void quant_float_environment_enter(struct quant_float_environment *caller)
{
    __asm__ volatile("mrs %0, fpcr" : "=r"(caller->fpcr) : : "memory");
    caller->fpsr = get_fpsr();
    if (caller->fpcr != 0)
        set_fpcr(0);
}

void quant_float_environment_leave(struct quant_float_environment *caller)
{
    if (get_fpsr() != caller->fpsr)
        __asm__ volatile("msr fpsr, %0" : : "r"(caller->fpsr) : "memory");
    if (caller->fpcr != 0)
        set_fpcr(caller->fpcr);
}

#else

void quant_float_environment_enter(struct quant_float_environment *caller)
{
    fegetenv(&caller->all);
    fesetenv(FE_DFL_ENV);
}

void quant_float_environment_leave(struct quant_float_environment *caller)
{
    fesetenv(&caller->all);
}

#endif
