/* SPDX-License-Identifier: MIT */
/*
 * The floating-point environment that the bytes of results are defined in: rounding to nearest,
 * subnormal numbers as they are, no traps. A caller may have set another one, so every function of
 * the library that computes begins with
 *
 *     QUANT_DEFAULT_FLOATS(caller);
 *
 * and whatever way it ends, the caller's environment is as it was before: modes, traps and the
 * flags of exceptions. Threads that are created in between start with the default. It takes about 5
 * ns, and about 120 ns if the caller's environment is another.
 *
 * The compiler does not know of environments, and may move floating-point operations across both
 * calls unless they depend on memory. So what a function computes from arguments by value, or
 * returns, goes through volatile variables.
 */
#ifndef QUANT_BASE_FLOAT_ENVIRONMENT_H
#define QUANT_BASE_FLOAT_ENVIRONMENT_H

#include <fenv.h>
#include <float.h>
#include <stdint.h>

/* A product that is kept in double or on the x87 until it is added to is rounded once, not twice.
 */
#if FLT_EVAL_METHOD != 0
#error "float must be computed in float: -msse2 -mfpmath=sse, on s390 -fexcess-precision=fast"
#endif

struct quant_float_environment {
#if defined(__x86_64__) || defined(__i386__)
    uint32_t mxcsr;
    uint16_t x87_control; /* the C library looks at it where it reads and prints numbers */
#elif defined(__aarch64__)
    uint64_t fpcr;
    uint64_t fpsr;
#else
    fenv_t all;
#endif
};

/* Keeps the caller's environment, and sets the default one. */
void quant_float_environment_enter(struct quant_float_environment *caller);

/* Sets the one that was kept. */
void quant_float_environment_leave(struct quant_float_environment *caller);

#define QUANT_DEFAULT_FLOATS(caller)                                                               \
    struct quant_float_environment caller __attribute__((cleanup(quant_float_environment_leave))); \
    quant_float_environment_enter(&(caller))

#endif
