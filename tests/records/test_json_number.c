/* SPDX-License-Identifier: MIT */
/*
 * Both ways from digits to a double, against strtod of the C library, which rounds correctly, on
 * random numbers of many kinds. QUANT_TEST_SEED chooses others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <float.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/format.h"
#include "records/json_number.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

enum { TEXT = 1200, ROUNDS = 20000 };

static uint64_t seed = 20210612;
static uint64_t random_state;

/* splitmix64 */
static uint64_t random_bits(void)
{
    uint64_t z = random_state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static unsigned random_below(unsigned end)
{
    return (unsigned)(random_bits() >> 32) % end;
}

static double from_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void expect_same(const char *text, double value, double expected, const char *way)
{
    if (memcmp(&value, &expected, sizeof value) != 0)
        fail_msg("%s: %s is %a, expected %a (seed %" PRIu64 ")", text, way, value, expected, seed);
}

/* The exact way, as the scanner feeds it. */
static struct quant_json_decimal decimal_of(const char *text)
{
    struct quant_json_decimal decimal = {0};
    const char *p = text;
    bool after_point = false;
    decimal.negative = *p == '-';
    for (p += decimal.negative; *p != '\0' && *p != 'e'; p++) {
        if (*p == '.')
            after_point = true;
        else
            quant_json_decimal_digit(&decimal, *p, after_point);
    }
    if (*p == 'e') {
        p++;
        decimal.written_negative = *p == '-';
        for (p += *p == '-' || *p == '+'; *p != '\0'; p++)
            quant_json_decimal_exponent_digit(&decimal, *p);
    }
    return decimal;
}

/* Whether the fast way decided. */
static bool check(const char *text)
{
    static char padded[TEXT + 1 + QUANT_JSON_PADDING];
    const double expected = strtod(text, NULL);
    const struct quant_json_decimal decimal = decimal_of(text);
    expect_same(text, quant_json_decimal_double(&decimal), expected, "the exact way");
    const size_t length = strlen(text);
    assert_true(length <= TEXT);
    memcpy(padded, text, length);
    memcpy(padded + length, ",\0\0\0\0\0\0\0", 1 + QUANT_JSON_PADDING - 1);
    double value;
    const char *end = quant_json_fast_double(padded, &value);
    if (!end)
        return false;
    assert_ptr_equal(end, padded + length);
    expect_same(text, value, expected, "the fast way");
    return true;
}

static void append_digits(char *text, unsigned n)
{
    size_t length = strlen(text);
    for (unsigned i = 0; i < n; i++)
        text[length++] = (char)('0' + random_below(10));
    text[length] = '\0';
}

static void append(char *text, const char *more)
{
    const size_t length = strlen(text);
    snprintf(text + length, TEXT - length, "%s", more);
}

static void append_exponent(char *text, int exponent)
{
    char word[16];
    snprintf(word, sizeof word, "e%d", exponent);
    append(text, word);
}

static void test_random_digits(void **state)
{
    (void)state;
    char text[TEXT];
    unsigned undecided = 0;
    for (int i = 0; i < 4 * ROUNDS; i++) {
        const unsigned before = random_below(4) ? 1 : 1 + random_below(25);
        snprintf(text, sizeof text, "%s%u", random_below(2) ? "-" : "",
                 before == 1 ? random_below(10) : 1 + random_below(9));
        append_digits(text, before - 1);
        if (random_below(4)) {
            append(text, ".");
            append_digits(text, 1 + random_below(random_below(4) ? 19 : 60));
        }
        if (random_below(2))
            append_exponent(text, (int)random_below(720) - 370);
        undecided += !check(text);
    }
    assert_true(undecided < ROUNDS / 100);
}

/* Random doubles with the 17 digits that distinguish them, and with fewer and more. */
static void test_random_doubles(void **state)
{
    (void)state;
    char text[TEXT];
    for (int i = 0; i < 4 * ROUNDS; i++) {
        const double value = from_bits(random_bits());
        if (!isfinite(value))
            continue;
        snprintf(text, sizeof text, "%.*e", (int)random_below(20), value);
        check(text);
        snprintf(text, sizeof text, "%.16e", value);
        assert_true(check(text));
        assert_true(strtod(text, NULL) == value);
    }
}

/* The point half way between two neighbours, written exactly, and a hair to either side of it: the
 * hardest there is. printf of more digits than a double has is exact; adding the next double and
 * halving is done on the digits, by taking a long double, which has 11 bits to spare. */
static void test_half_way(void **state)
{
    (void)state;
#if LDBL_MANT_DIG > DBL_MANT_DIG
    char text[TEXT];
    for (int i = 0; i < ROUNDS; i++) {
        const uint64_t bits = random_bits() & ~((uint64_t)1 << 63);
        const bool small = random_below(8) == 0;
        /* every exponent, the subnormals often, and the powers near 1 where ties are short */
        const uint64_t near = (bits & 0x000fffffffffffff) | (uint64_t)(1000 + random_below(100))
                                                                << 52;
        const double value = from_bits(small ? bits & 0x000fffffffffffff : i % 2 ? near : bits);
        const double next = nextafter(value, INFINITY);
        if (!isfinite(value) || !isfinite(next))
            continue;
        const long double half = ((long double)value + (long double)next) / 2;
        const int length = snprintf(text, TEXT - 8, "%.780Le", half);
        assert_true(length > 0 && length < TEXT - 8);
        char *point = strchr(text, 'e');
        char exponent[8];
        snprintf(exponent, sizeof exponent, "%s", point);
        check(text);
        snprintf(point, 24, "00000000001%s", exponent); /* above */
        check(text);
        char *last = point - 1; /* below: the last digit that is not 0 less by one */
        while (*last == '0')
            last--;
        (*last)--;
        snprintf(point, 24, "99%s", exponent);
        check(text);
    }
#else
    print_message("skipped: long double is no wider than double here\n");
    skip();
#endif
}

static void test_integers_and_ties(void **state)
{
    (void)state;
    char text[TEXT];
    for (int i = 0; i < ROUNDS; i++) {
        const unsigned shift = random_below(64);
        snprintf(text, sizeof text, "%" PRIu64, random_bits() >> shift);
        check(text);
        /* 54 bits and a 1 below: a tie, times a power of ten that keeps it one or not */
        snprintf(text, sizeof text, "%" PRIu64 "e%d", ((uint64_t)1 << 53 | random_bits() >> 11) | 1,
                 (int)random_below(50) - 25);
        check(text);
    }
}

static void test_chosen(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "0",
        "-0",
        "0.0",
        "-0e5",
        "0e999999999",
        "0.000000000000000000000000000000",
        "1",
        "-1",
        "9007199254740993",
        "9007199254740992.999999999999999999",
        "9007199254740993.0000000000001",
        "1e22",
        "1e23",
        "-1e-22",
        "123456789012345678",
        "1234567890123456789",
        "12345678901234567890",
        "18446744073709551615",
        "18446744073709551616",
        "4.9406564584124654e-324",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "1e-400",
        "2.2250738585072011e-308",
        "2.2250738585072012e-308",
        "2.2250738585072014e-308",
        "1.7976931348623157e308",
        "1.7976931348623158e308",
        "1.7976931348623159e308",
        "1e309",
        "1e-343",
        "9999999999999999999e-343",
        "1e308",
        "10e307",
        "0.1e309",
        "1e-342",
        "1e999999",
        "1e-999999",
        "7.2057594037927933e16",
        "8.5070591730234615e37",
        "6.02214076e23",
        "0.000000000000000000000000000000000000000000001234567890123456789",
        "0.00000000000000000000000000000000000000000000123456789012345678901234567890",
        "1e4294967297",
        "1e-4294967297",
        "1e18446744073709551617",
        "1e-18446744073709551617"};
    for (size_t i = 0; i < LENGTH(texts); i++)
        check(texts[i]);
}

/* A number whose end is that of the memory is not the fast way's. */
static void test_fast_refuses(void **state)
{
    (void)state;
    static const char *const texts[] = {"",     "-",   "+1,", ".5,", "1.,", "1.e5,", "1e,",
                                        "1e+,", "01,", "-a,", "1",   "1.5", "1e5",   "1e12345678,"};
    static const char *const integers[] = {
        "", "-", "01,", "1", "1.0,", "a,", "1e1,", "1E1,", "1234567890123456789,"};
    char padded[64];
    double value;
    int64_t integer;
    for (size_t i = 0; i < LENGTH(texts); i++) {
        memset(padded, 0, sizeof padded);
        memcpy(padded, texts[i], strlen(texts[i]));
        assert_null(quant_json_fast_double(padded, &value));
    }
    for (size_t i = 0; i < LENGTH(integers); i++) {
        memset(padded, 0, sizeof padded);
        memcpy(padded, integers[i], strlen(integers[i]));
        assert_null(quant_json_fast_integer(padded, &integer));
    }
    memset(padded, 0, sizeof padded);
    memcpy(padded, "-999999999999999999,", 20);
    assert_ptr_equal(quant_json_fast_integer(padded, &integer), padded + 19);
    assert_true(integer == -999999999999999999);
}

static float read_one(const char *text)
{
    struct quant_source *source = quant_source_from_memory(text, strlen(text), "t.json");
    const struct quant_read_request request = {.deliver = QUANT_FLOAT32};
    struct quant_reader *reader;
    float x = NAN;
    size_t count;
    assert_int_equal(quant_format_json.open_reader(source, &request, &reader, NULL), QUANT_OK);
    assert_int_equal(reader->ops->read(reader, &x, 1, &count, NULL), QUANT_OK);
    reader->ops->close(reader);
    quant_source_close(source);
    return x;
}

/* The double first, and then the float: where a single rounding would differ too. */
static void test_two_roundings(void **state)
{
    (void)state;
    assert_true(read_one("[1.00000005960464477539062500000000000000000000000001]") == 1.0F);
    assert_true(read_one("[1.0000000596046448]") == 1.0F);
    assert_true(read_one("[1.00000005960464499]") == 1.00000012F);
    assert_true(read_one("3.4028235677973362e38") == 0x1.fffffep127F);
    assert_true(read_one("[1e-45]") == 0x1p-149F);
    assert_true(read_one("[7e-46]") == 0.0F);
    assert_true(signbit(read_one("[-1e-500]")));
}

static void test_locale(void **state)
{
    (void)state;
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8"};
    size_t i = 0;
    while (i < LENGTH(names) && !setlocale(LC_ALL, names[i]))
        i++;
    if (i == LENGTH(names)) {
        print_message("skipped: no locale with a decimal comma is installed\n");
        skip();
    }
    assert_string_equal(localeconv()->decimal_point, ",");
    assert_true(read_one("1.5") == 1.5F); /* at the end of the memory: the exact way */
    assert_true(read_one("[-2.25e0 ]") == -2.25F);
    setlocale(LC_ALL, "C");
}

static int reset(void **state)
{
    (void)state;
    const char *chosen = getenv("QUANT_TEST_SEED");
    if (chosen)
        seed = strtoull(chosen, NULL, 0);
    random_state = seed;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_digits), cmocka_unit_test(test_random_doubles),
        cmocka_unit_test(test_half_way),      cmocka_unit_test(test_integers_and_ties),
        cmocka_unit_test(test_chosen),        cmocka_unit_test(test_fast_refuses),
        cmocka_unit_test(test_two_roundings), cmocka_unit_test(test_locale),
    };
    return cmocka_run_group_tests(tests, reset, NULL);
}
