/* SPDX-License-Identifier: MIT */
/*
 * Choosing tensors by their names. The name of a tensor in a container is the one that the
 * container gives it. A file of one tensor has no name for it: it then goes by its path, as the job
 * has it.
 */
#ifndef QUANT_SELECT_H
#define QUANT_SELECT_H

#include <quant/quant.h>

#ifdef __cplusplus
extern "C" {
#endif

/* clang-format off */
/*
 * Whether the whole name matches the pattern:
 *
 *     *          any characters, also none at all; "/" and "." are characters like any other
 *     ?          one character
 *     [abx-z]    one character of these
 *     [!abx-z]   one that is not one of these; [^abx-z] is the same
 *     \c         the character c, whatever it means otherwise
 *
 * A "]" is one of the characters in brackets if it comes first. A "[" that is never closed stands
 * for itself. Upper and lower case differ. Characters are those of UTF-8; a byte that is not UTF-8
 * counts as one. The locale makes no difference.
 */
/* clang-format on */
QUANT_API bool quant_name_matches(const char *pattern, const char *name);

/* The bytes of the character that text begins with, 1 to 4, by RFC 3629: no overlong forms, no
 * surrogates, nothing beyond U+10FFFF. 0: a byte that is not UTF-8. text goes on to a NUL, which is
 * a character too. Only what is UTF-8 is written to JSON and into containers as a name. */
QUANT_API size_t quant_utf8_length(const char *text);

/* Which tensors a job is for. All zeros: all of them. */
struct quant_selection {
    const char *const *include; /* ninclude patterns, of which a name must match one; */
    size_t ninclude;            /* 0: any name will do */
    const char *const *exclude; /* nexclude patterns, of which it must match none */
    size_t nexclude;
};

QUANT_API bool quant_selection_has(const struct quant_selection *selection, const char *name);

/* Whether there is any pattern. */
QUANT_API bool quant_selection_is_given(const struct quant_selection *selection);

#ifdef __cplusplus
}
#endif

#endif
