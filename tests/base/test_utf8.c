/* SPDX-License-Identifier: MIT */
/* Which bytes are UTF-8: the first and last character of each length, and what only looks like one.
 */
#include "../support/unit.h"

#include "base/utf8.h"

static void test_valid(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "model.layers.0.weight",
        "\x01\x7F",
        "\xC2\x80",
        "\xDF\xBF",
        "\xE0\xA0\x80",
        "\xED\x9F\xBF", /* the last before the surrogates */
        "\xEE\x80\x80", /* and the first after them */
        "\xEF\xBF\xBF",
        "\xF0\x90\x80\x80",
        "\xF4\x8F\xBF\xBF", /* U+10FFFF */
        "a\303\274b\342\202\254c\360\237\230\200d",
    };
    for (size_t i = 0; i < LENGTH(texts); i++)
        if (!quant_is_utf8(texts[i]))
            fail_msg("text %zu is valid", i);
}

static void test_invalid(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "\x80",             /* a continuation alone */
        "\xBF",             /* the same */
        "\xC3",             /* cut */
        "\xE2\x82",         /* cut */
        "\xF0\x9F\x98",     /* cut */
        "\xC3z",            /* no continuation */
        "\xE2\x82z",        /* no second one */
        "\xF0\x9F\x98z",    /* no third one */
        "\xC0\x80",         /* longer than needed */
        "\xC1\xBF",         /* the same */
        "\xE0\x9F\xBF",     /* the same */
        "\xF0\x8F\xBF\xBF", /* the same */
        "\xED\xA0\x80",     /* a surrogate */
        "\xED\xBF\xBF",     /* a surrogate */
        "\xF4\x90\x80\x80", /* after U+10FFFF */
        "\xF5\x80\x80\x80", /* no such first byte */
        "\xFF",             /* nor this */
        "good, then \xFF",
    };
    for (size_t i = 0; i < LENGTH(texts); i++)
        if (quant_is_utf8(texts[i]))
            fail_msg("text %zu is not valid", i);
}

/* The table of RFC 3629, section 4: the ranges of the first bytes, of the second, and the length.
 */
static const struct {
    int first[2];
    int second[2];
    size_t length;
} table[] = {
    {{0x00, 0x7F}, {0x00, 0xFF}, 1}, {{0xC2, 0xDF}, {0x80, 0xBF}, 2},
    {{0xE0, 0xE0}, {0xA0, 0xBF}, 3}, {{0xE1, 0xEC}, {0x80, 0xBF}, 3},
    {{0xED, 0xED}, {0x80, 0x9F}, 3}, {{0xEE, 0xEF}, {0x80, 0xBF}, 3},
    {{0xF0, 0xF0}, {0x90, 0xBF}, 4}, {{0xF1, 0xF3}, {0x80, 0xBF}, 4},
    {{0xF4, 0xF4}, {0x80, 0x8F}, 4},
};

static bool is_within(int byte, const int range[2])
{
    return byte >= range[0] && byte <= range[1];
}

static size_t length_by_table(const unsigned char bytes[4])
{
    static const int tail[2] = {0x80, 0xBF};
    for (size_t i = 0; i < LENGTH(table); i++)
        if (is_within(bytes[0], table[i].first))
            return is_within(bytes[1], table[i].second) &&
                           (table[i].length < 3 || is_within(bytes[2], tail)) &&
                           (table[i].length < 4 || is_within(bytes[3], tail))
                       ? table[i].length
                       : 0;
    return 0;
}

/* Each first byte with each second one, and what is at the edges of the others. */
static void test_table(void **state)
{
    (void)state;
    static const unsigned char tails[] = {0, 'z', 0x7F, 0x80, 0xBF, 0xC0, 0xFF};
    for (size_t i = 0; i < 0x10000 * LENGTH(tails) * LENGTH(tails); i++) {
        const size_t pair = i % 0x10000;
        const unsigned char bytes[] = {(unsigned char)(pair >> 8), (unsigned char)pair,
                                       tails[i / 0x10000 % LENGTH(tails)],
                                       tails[i / 0x10000 / LENGTH(tails)], '\0'};
        const size_t length = quant_utf8_length((const char *)bytes);
        if (length != length_by_table(bytes))
            fail_msg("%02x %02x %02x %02x: %zu bytes, not %zu", bytes[0], bytes[1], bytes[2],
                     bytes[3], length, length_by_table(bytes));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_invalid),
        cmocka_unit_test(test_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
