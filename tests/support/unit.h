/* SPDX-License-Identifier: MIT */
/* What every unit test includes: cmocka with the headers it needs before it. */
#ifndef QUANT_TESTS_SUPPORT_UNIT_H
#define QUANT_TESTS_SUPPORT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#endif
