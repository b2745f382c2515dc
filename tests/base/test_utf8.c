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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_invalid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
