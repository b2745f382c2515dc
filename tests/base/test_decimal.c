/* SPDX-License-Identifier: MIT */
/* Numbers as text, compared with printf and strtod: chosen and random ones, and in another locale.
 * QUANT_TEST_SEED selects other random numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static uint64_t seed = 19850101;

/* printf's %#.9g, without a point at the end, and %.9g. The first is assembled as the C standard
 * defines it: glibc prints 999999999.9999999 as "1.e+09". */
static void check(double value)
{
    char nine[64];
    char brief[64];
    char text[QUANT_DECIMAL_TEXT];
    snprintf(nine, sizeof nine, "%.8e", value);
    const long exponent = strtol(strchr(nine, 'e') + 1, NULL, 10);
    if (exponent >= -4 && exponent < 9)
        snprintf(nine, sizeof nine, "%.*f", (int)(8 - exponent), value);
    snprintf(brief, sizeof brief, "%.9g", value);
    const size_t length = quant_decimal_nine(value, text);
    if (strcmp(text, nine) != 0 || length != strlen(nine))
        fail_msg("%a is %s, expected %s (seed %" PRIu64 ")", value, text, nine, seed);
    const size_t brief_length = quant_decimal_short(value, text);
    if (strcmp(text, brief) != 0 || brief_length != strlen(brief))
        fail_msg("%a is %s, expected %s (seed %" PRIu64 ")", value, text, brief, seed);
}

static void test_chosen(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *nine;
        const char *brief;
    } rows[] = {{0, "0.00000000", "0"},
                {-0.0, "-0.00000000", "-0"},
                {3, "3.00000000", "3"},
                {(double)0.072117649F, "0.0721176490", "0.072117649"},
                {1e8, "100000000", "100000000"},
                {123456789, "123456789", "123456789"},
                {999999999.4, "999999999", "999999999"},
                {999999999.5, "1.00000000e+09", "1e+09"},
                {-1e9, "-1.00000000e+09", "-1e+09"},
                {1e-4, "0.000100000000", "0.0001"},
                {1e-5, "1.00000000e-05", "1e-05"},
                {0.00099999999999, "0.00100000000", "0.001"},
                {0x1p-13, "0.000122070312", "0.000122070312"}, /* a tie, to even */
                {3 * 0x1p-13, "0.000366210938", "0.000366210938"},
                {1.40129846432481707e-45, "1.40129846e-45", "1.40129846e-45"},
                {-1.7976931348623157e308, "-1.79769313e+308", "-1.79769313e+308"},
                {5e-324, "4.94065646e-324", "4.94065646e-324"}};
    for (size_t i = 0; i < LENGTH(rows); i++) {
        char text[QUANT_DECIMAL_TEXT];
        assert_int_equal(quant_decimal_nine(rows[i].value, text), strlen(rows[i].nine));
        assert_string_equal(text, rows[i].nine);
        assert_int_equal(quant_decimal_short(rows[i].value, text), strlen(rows[i].brief));
        assert_string_equal(text, rows[i].brief);
        check(rows[i].value);
    }
}

/* Powers of ten and of two, and their neighbours: here digits carry and exponents change. */
static void test_edges(void **state)
{
    (void)state;
    char text[32];
    for (int e = -323; e <= 308; e++) {
        for (int digit = 1; digit <= 9; digit++) {
            snprintf(text, sizeof text, "%de%d", digit, e);
            const double value = strtod(text, NULL);
            if (!isfinite(value))
                continue;
            check(value);
            check(nextafter(value, 0));
            check(nextafter(value, HUGE_VAL) < HUGE_VAL ? nextafter(value, HUGE_VAL) : value);
            check(value * 0.9999999995);
            check(value * 0.99999999949);
        }
    }
    for (int e = -1074; e < 1024; e++) {
        check(ldexp(1, e));
        check(nextafter(ldexp(1, e), 0));
    }
}

static void test_random(void **state)
{
    (void)state;
    uint64_t bits = seed;
    for (int i = 0; i < 200000; i++) {
        bits = bits * 6364136223846793005 + 1442695040888963407;
        const uint64_t mixed = bits ^ bits >> 31;
        double value;
        memcpy(&value, &mixed, sizeof value);
        if (isfinite(value))
            check(value);
        const uint32_t half = (uint32_t)(mixed >> 16);
        float narrow;
        memcpy(&narrow, &half, sizeof narrow);
        if (isfinite(narrow)) {
            check((double)narrow);
            char text[QUANT_DECIMAL_TEXT]; /* nine digits distinguish all float32 numbers */
            quant_decimal_short((double)narrow, text);
            const float again = (float)quant_decimal_parse(text);
            assert_memory_equal(&again, &narrow, sizeof narrow);
        }
        check((double)(int64_t)(mixed >> 20) / 1024); /* ties at the tenth digit are among these */
    }
}

static void test_parse(void **state)
{
    (void)state;
    assert_true(quant_decimal_parse("0.1") == 0.1);
    assert_true(quant_decimal_parse("-12.5e-1") == -1.25);
    assert_true(quant_decimal_parse("1e999") == HUGE_VAL);
    assert_true(quant_decimal_parse("1e-999") == 0);
    assert_true(signbit(quant_decimal_parse("-0")));
    /* half way between 1 and the next double, and a digit far to the right that decides */
    char text[2000];
    snprintf(text, sizeof text, "1.00000000000000011102230246251565404236316680908203125%0*d", 1500,
             1);
    assert_true(quant_decimal_parse(text) == nextafter(1, 2));
    text[strlen(text) - 1] = '0';
    assert_true(quant_decimal_parse(text) == 1);
}

static bool enter_comma(void)
{
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8"};
    for (size_t i = 0; i < LENGTH(names); i++)
        if (setlocale(LC_ALL, names[i]))
            return true;
    return false;
}

static void test_locale(void **state)
{
    (void)state;
    if (!enter_comma()) {
        print_message("skipped: no locale with a decimal comma is installed\n");
        skip();
    }
    char text[QUANT_DECIMAL_TEXT];
    assert_string_equal(localeconv()->decimal_point, ",");
    quant_decimal_nine(-2.5, text);
    assert_string_equal(text, "-2.50000000");
    quant_decimal_short(0x1p-13, text); /* a tie: printf's digits */
    assert_string_equal(text, "0.000122070312");
    assert_true(quant_decimal_parse("2.5") == 2.5);
    void *token = quant_locale_enter();
    assert_string_equal(localeconv()->decimal_point, ".");
    void *inner = quant_locale_enter(); /* calls nest */
    quant_locale_leave(inner);
    assert_string_equal(localeconv()->decimal_point, ".");
    quant_locale_leave(token);
    assert_string_equal(localeconv()->decimal_point, ",");
    setlocale(LC_ALL, "C");
}

static void test_locale_comes_back(void **state)
{
    (void)state;
    const locale_t before = uselocale((locale_t)0);
    quant_locale_leave(quant_locale_enter());
    assert_ptr_equal(uselocale((locale_t)0), before);
    const locale_t own = newlocale(LC_ALL_MASK, "C.UTF-8", (locale_t)0);
    if (own) { /* a locale of the thread */
        uselocale(own);
        quant_locale_leave(quant_locale_enter());
        assert_ptr_equal(uselocale(before), own);
        freelocale(own);
    }
}

static int read_seed(void **state)
{
    (void)state;
    const char *chosen = getenv("QUANT_TEST_SEED");
    if (chosen)
        seed = strtoull(chosen, NULL, 0);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chosen), cmocka_unit_test(test_edges),
        cmocka_unit_test(test_random), cmocka_unit_test(test_parse),
        cmocka_unit_test(test_locale), cmocka_unit_test(test_locale_comes_back),
    };
    return cmocka_run_group_tests(tests, read_seed, NULL);
}
