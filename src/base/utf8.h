/* SPDX-License-Identifier: MIT */
/* Names of files are bytes; JSON is UTF-8. */
#ifndef QUANT_BASE_UTF8_H
#define QUANT_BASE_UTF8_H

#include <stdbool.h>

bool quant_is_utf8(const char *text);

#endif
