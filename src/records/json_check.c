/* SPDX-License-Identifier: MIT */
/* A NUL is never right in JSON, so the one after the text ends every loop. There is no recursion: a
 * bit for each level says whether it is an array or an object. */
#include "records/json_check.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "records/json_bytes.h"

_Static_assert(QUANT_JSON_CHECK_DEPTH == 256, "a message says so");

struct check {
    const char *next;
    const char *begin;
    int depth;
    uint64_t objects[QUANT_JSON_CHECK_DEPTH / 64]; /* a bit is set where the level is an object */
    size_t longest;
    struct quant_json_fault *fault;
};

static bool refuse(struct check *check, const char *what)
{
    *check->fault =
        (struct quant_json_fault){.at = (size_t)(check->next - check->begin), .what = what};
    return false;
}

static bool expected(struct check *check, const char *what)
{
    refuse(check, what);
    check->fault->is_expected = true;
    return false;
}

static void pass_space(struct check *check)
{
    check->next += strspn(check->next, " \t\r\n");
}

/* ---- Strings ---- */

/* The UTF-16 unit of the four digits at text; -1: they are not all digits. */
static int unit_at(const char *text)
{
    int unit = 0;
    for (int i = 0; i < 4; i++) {
        const int digit = quant_json_hexadecimal(text[i]);
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

/* From the backslash of "\u". */
static bool pass_unit(struct check *check)
{
    const int unit = unit_at(check->next + 2);
    if (unit < 0)
        return refuse(check, "\\u without four hexadecimal digits");
    if (unit == 0)
        return refuse(check, "a NUL character in a string");
    const bool is_surrogate = unit >= 0xd800 && unit < 0xe000;
    if (is_surrogate) {
        const bool has_second = unit < 0xdc00 && check->next[6] == '\\' && check->next[7] == 'u';
        const int second = has_second ? unit_at(check->next + 8) : -1;
        if (second < 0xdc00 || second >= 0xe000)
            return refuse(check, "half of a surrogate pair");
    }
    check->next += is_surrogate ? 12 : 6;
    return true;
}

/* A character that is not a plain one of ASCII. */
static bool pass_special(struct check *check)
{
    const unsigned char byte = (unsigned char)*check->next;
    if (byte == '\\' && check->next[1] == 'u')
        return pass_unit(check);
    if (byte == '\\' && (check->next[1] == '\0' || !strchr("\"\\/bfnrt", check->next[1])))
        return refuse(check, "a backslash without one of \"\\/bfnrtu");
    if (byte < 0x20)
        return expected(check, "the quote that ends the string");
    const size_t length = byte == '\\' ? 2 : quant_utf8_length(check->next);
    check->next += length;
    return length > 0 || refuse(check, "text that is not UTF-8");
}

static bool is_plain(char byte)
{
    const unsigned char code = (unsigned char)byte;
    return code >= 0x20 && code < 0x80 && code != '"' && code != '\\';
}

static bool pass_string(struct check *check)
{
    if (*check->next != '"')
        return expected(check, "'\"'");
    check->next++;
    for (;;) {
        while (is_plain(*check->next))
            check->next++;
        if (*check->next == '"')
            break;
        if (!pass_special(check))
            return false;
    }
    check->next++;
    return true;
}

/* ---- Numbers and words ---- */

static bool pass_digits(struct check *check, const char *what)
{
    if (!quant_json_is_digit(*check->next))
        return refuse(check, what);
    while (quant_json_is_digit(*check->next))
        check->next++;
    return true;
}

static bool pass_number(struct check *check)
{
    const char *begin = check->next;
    check->next += *check->next == '-';
    if (*check->next == '0' && quant_json_is_digit(check->next[1]))
        return refuse(check, "a number with a leading zero");
    if (!pass_digits(check, "a minus sign without a digit after it"))
        return false;
    if (*check->next == '.') {
        check->next++;
        if (!pass_digits(check, "a number without a digit after its point"))
            return false;
    }
    if (*check->next == 'e' || *check->next == 'E') {
        check->next++;
        check->next += *check->next == '-' || *check->next == '+';
        if (!pass_digits(check, "a number without a digit in its exponent"))
            return false;
    }
    const size_t length = (size_t)(check->next - begin);
    check->longest = length > check->longest ? length : check->longest;
    return true;
}

static bool pass_scalar(struct check *check)
{
    static const char *const words[] = {"true", "false", "null"};
    if (*check->next == '"')
        return pass_string(check);
    if (*check->next == '-' || quant_json_is_digit(*check->next))
        return pass_number(check);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strncmp(check->next, words[i], strlen(words[i])) == 0) {
            check->next += strlen(words[i]);
            return true;
        }
    return expected(check, "a value");
}

/* ---- Arrays and objects ---- */

static bool is_in_object(const struct check *check)
{
    const int top = check->depth - 1;
    return check->objects[top / 64] >> (top % 64) & 1;
}

static bool pass_key(struct check *check)
{
    pass_space(check);
    if (!pass_string(check))
        return false;
    pass_space(check);
    if (*check->next != ':')
        return expected(check, "':'");
    check->next++;
    return true;
}

/* Into the array or object that begins here, up to its first value, or past its end. */
static bool enter(struct check *check, bool *at_value)
{
    const bool object = *check->next == '{';
    if (check->depth == QUANT_JSON_CHECK_DEPTH)
        return refuse(check, "more than 256 arrays and objects inside one another");
    const uint64_t bit = (uint64_t)1 << (check->depth % 64);
    uint64_t *word = &check->objects[check->depth / 64];
    *word = object ? *word | bit : *word & ~bit;
    check->depth++;
    check->next++;
    pass_space(check);
    *at_value = *check->next != (object ? '}' : ']');
    if (*at_value)
        return !object || pass_key(check);
    check->next++;
    check->depth--;
    return true;
}

/* From the end of a value to the next one, past all arrays and objects that end before it. */
static bool leave(struct check *check)
{
    while (check->depth > 0) {
        const bool object = is_in_object(check);
        pass_space(check);
        const char byte = *check->next;
        if (byte != ',' && byte != (object ? '}' : ']'))
            return expected(check, object ? "',' or '}'" : "',' or ']'");
        check->next++;
        if (byte == ',')
            return !object || pass_key(check);
        check->depth--;
    }
    return true;
}

static bool pass_value(struct check *check)
{
    do {
        bool at_value = false;
        pass_space(check);
        if (*check->next == '{' || *check->next == '[') {
            if (!enter(check, &at_value))
                return false;
        } else if (!pass_scalar(check)) {
            return false;
        }
        if (!at_value && !leave(check))
            return false;
    } while (check->depth > 0);
    pass_space(check);
    return true;
}

bool quant_json_check(const char *text, size_t nbytes, size_t *longest,
                      struct quant_json_fault *fault)
{
    struct check check = {.next = text, .begin = text, .fault = fault};
    bool is_right = pass_value(&check);
    if (is_right && check.next != text + nbytes)
        is_right = expected(&check, "the end of the text");
    *longest = check.longest;
    return is_right;
}

/* ---- Messages ---- */

const char *quant_json_fault_print(const struct quant_json_fault *fault, const char *text,
                                   size_t nbytes, char printed[QUANT_JSON_FAULT_TEXT])
{
    enum { QUOTED_MOST = 32 };
    const char *found = text + fault->at;
    int length = 0;
    while (length < QUOTED_MOST && quant_json_is_of_word(found[length]))
        length++;
    const bool is_printable = *found >= 0x20 && *found < 0x7f && *found != '\'';
    if (!fault->is_expected)
        snprintf(printed, QUANT_JSON_FAULT_TEXT, "%s", fault->what);
    else if (fault->at == nbytes)
        snprintf(printed, QUANT_JSON_FAULT_TEXT, "the text ends; expected %s", fault->what);
    else if (is_printable)
        snprintf(printed, QUANT_JSON_FAULT_TEXT, "unexpected '%.*s'; expected %s",
                 length > 0 ? length : 1, found, fault->what);
    else
        snprintf(printed, QUANT_JSON_FAULT_TEXT, "unexpected byte 0x%02x; expected %s",
                 (unsigned)(unsigned char)*found, fault->what);
    return printed;
}
