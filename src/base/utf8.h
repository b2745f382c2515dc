/* SPDX-License-Identifier: MIT */
/* File names are bytes, but JSON must be UTF-8: names are checked before they are written to it. */
#ifndef QUANT_BASE_UTF8_H
#define QUANT_BASE_UTF8_H

#include <quant/select.h> /* quant_utf8_length */
#include <stdbool.h>

/* Whether text is UTF-8 up to its NUL. */
bool quant_is_utf8(const char *text);

#endif
