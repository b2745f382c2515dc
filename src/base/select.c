/* SPDX-License-Identifier: MIT */
/* fnmatch(3) would do, but what it takes for a character depends on the locale, and the time that
 * it takes can grow with the power of the stars. */
#include <quant/select.h>

#include <stdint.h>

/* Beyond all characters: a byte that is not UTF-8. */
enum { FIRST_BAD_BYTE = 0x110000 };

/* Reads a character and steps over it. */
static uint32_t take_character(const char **text)
{
    const unsigned char *bytes = (const unsigned char *)*text;
    const size_t length = quant_utf8_length(*text);
    *text += length > 0 ? length : 1;
    if (length < 2)
        return length == 1 ? bytes[0] : FIRST_BAD_BYTE + bytes[0];
    uint32_t character = bytes[0] & (0xFFu >> (length + 1));
    for (size_t i = 1; i < length; i++)
        character = character << 6 | (bytes[i] & 0x3Fu);
    return character;
}

static uint32_t take_literal(const char **pattern)
{
    if ((*pattern)[0] == '\\' && (*pattern)[1] != '\0')
        (*pattern)++;
    return take_character(pattern);
}

/* *pattern is after the "["; steps over the "]". Returns false, and leaves *pattern alone, if there
 * is no "]". */
static bool take_set(const char **pattern, uint32_t character, bool *matches)
{
    const char *at = *pattern;
    const bool is_negated = *at == '!' || *at == '^';
    bool found = false;
    at += is_negated;
    for (bool is_first = true; *at != ']' || is_first; is_first = false) {
        if (*at == '\0')
            return false;
        const uint32_t low = take_literal(&at);
        uint32_t high = low;
        if (at[0] == '-' && at[1] != ']' && at[1] != '\0') {
            at++;
            high = take_literal(&at);
        }
        found = found || (low <= character && character <= high);
    }
    *pattern = at + 1;
    *matches = found != is_negated;
    return true;
}

/* Takes one element of the pattern, which is not a star, and one character of the name. */
static bool take_one(const char **pattern, const char **name)
{
    const uint32_t character = take_character(name);
    bool matches = true;
    if (**pattern == '?') {
        (*pattern)++;
        return true;
    }
    if (**pattern == '[') {
        const char *set = *pattern + 1;
        if (take_set(&set, character, &matches)) {
            *pattern = set;
            return matches;
        }
    }
    return take_literal(pattern) == character;
}

/* Only the last star can be wrong about what it took: whatever an earlier one takes, the later one
 * can make up for it. So the time is at most the product of both lengths. */
bool quant_name_matches(const char *pattern, const char *name)
{
    if (!pattern || !name)
        return false;
    const char *after_star = NULL;
    const char *taken = NULL; /* the end of what the star takes */
    for (;;) {
        if (*pattern == '*') {
            after_star = ++pattern;
            taken = name;
            continue;
        }
        if (*name == '\0')
            return *pattern == '\0';
        if (*pattern != '\0' && take_one(&pattern, &name))
            continue;
        if (!after_star)
            return false;
        take_character(&taken);
        pattern = after_star;
        name = taken;
    }
}

static bool matches_any(const char *const *patterns, size_t n, const char *name)
{
    for (size_t i = 0; patterns && i < n; i++)
        if (quant_name_matches(patterns[i], name))
            return true;
    return false;
}

bool quant_selection_has(const struct quant_selection *selection, const char *name)
{
    if (selection->ninclude > 0 && !matches_any(selection->include, selection->ninclude, name))
        return false;
    return !matches_any(selection->exclude, selection->nexclude, name);
}

bool quant_selection_is_given(const struct quant_selection *selection)
{
    return selection->ninclude > 0 || selection->nexclude > 0;
}
