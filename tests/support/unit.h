/* SPDX-License-Identifier: MIT */
/* For every unit test: cmocka, with the headers that must precede it. */
#ifndef QUANT_TESTS_SUPPORT_UNIT_H
#define QUANT_TESTS_SUPPORT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* In a slow build, not optimized or with AddressSanitizer, tests repeat the same check less often.
 */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNIT_HAS_ADDRESS_SANITIZER
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) && !defined(UNIT_HAS_ADDRESS_SANITIZER)
#define UNIT_HAS_ADDRESS_SANITIZER
#endif
#if defined(__OPTIMIZE__)
enum { IS_OPTIMIZED = 1 };
#else
enum { IS_OPTIMIZED = 0 };
#endif
#if defined(__OPTIMIZE__) && !defined(UNIT_HAS_ADDRESS_SANITIZER)
enum { IS_SLOW_BUILD = 0 };
#else
enum { IS_SLOW_BUILD = 1 };
#endif

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#endif
