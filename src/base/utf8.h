/* SPDX-License-Identifier: MIT */
/* File names are bytes, but JSON must be UTF-8: names are checked before they are written to it. */
#ifndef QUANT_BASE_UTF8_H
#define QUANT_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The bytes of the character that text begins with, 1 to 4; 0: they are not one of RFC 3629, which
 * has no overlong forms, no surrogates and nothing beyond U+10FFFF. text goes on to a NUL byte. */
size_t quant_utf8_length(const char *text);

/* Whether all of text is such characters, up to its NUL. */
bool quant_is_utf8(const char *text);

#endif
