/* SPDX-License-Identifier: MIT */
/*
 * Known answers: a hash of the ranges, scales and zero points that each method finds for many
 * tensors. They were recorded when small tensors and passes had separate implementations, which
 * agreed to the bit, so they guard what both share now. Whoever changes the ranges of a method on
 * purpose records its hash again.
 */
#include <string.h>

#include <quant/quant.h>

#include "../support/names.h"
#include "../support/random.h"
#include "../support/unit.h"

enum { MAX_LENGTH = 60000, TENSORS = 2000 };

struct answer {
    const char *method;
    uint64_t hash;
};

static const struct answer answers[] = {
    {"minmax", UINT64_C(0x8EAB1ABE18C43FB2)}, {"percentile", UINT64_C(0xBDF0AC93F8D1D00A)},
    {"mse", UINT64_C(0x0CCD32DAC707EBFE)},    {"entropy", UINT64_C(0x3EB8ED3547BFFE1A)},
    {"octav", UINT64_C(0x8BBA1883D75FB147)},  {"sigma", UINT64_C(0x6931363DE1103573)},
};

/* Only additions and multiplications: functions of the C library differ in the last bit. */
static float make_element(struct random *random, uint32_t kind)
{
    const double u = 2 * random_unit(random) - 1;
    const double v = u * u * u;
    switch (kind) {
    case 0:
        return (float)u;
    case 1:
        return (float)(v * v * u);
    case 2:
        return u > 0 ? (float)v : 0;
    case 3:
        return (float)(int)(20 * u) / 8;
    case 4:
        return (float)(random_below(random, 60) == 0 ? 900 * v : v);
    case 5: /* far beyond the rest, and farther */
        return (float)(random_below(random, 40000) == 0   ? 1e9 * u
                       : random_below(random, 40000) == 0 ? 150 * v
                                                          : v);
    case 6:
        return (float)(40 + u);
    default:
        return (float)(-3 - v);
    }
}

static size_t make_length(struct random *random, int i)
{
    const uint32_t most = i % 40 == 0 ? MAX_LENGTH - 2 : i % 5 == 0 ? 3000 : 70;
    return 2 + random_below(random, most);
}

/* FNV-1a. */
static void add_to_hash(uint64_t *hash, const void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        *hash = (*hash ^ ((const unsigned char *)bytes)[i]) * UINT64_C(0x100000001B3);
}

static uint64_t hash_of(const char *method)
{
    static const enum quant_dtype dtypes[] = {QUANT_INT8, QUANT_UINT8, QUANT_INT4, QUANT_INT16};
    static float x[MAX_LENGTH];
    struct random random = {20251128};
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (int i = 0; i < TENSORS; i++) {
        const size_t n = make_length(&random, i);
        const uint32_t kind = random_below(&random, 8);
        for (size_t k = 0; k < n; k++)
            x[k] = make_element(&random, kind);
        const struct quant_spec spec = {
            .scheme = (enum quant_scheme)(i % 2),
            .dtype = dtypes[random_below(&random, LENGTH(dtypes))],
            .calibration = method,
        };
        struct quant_choice choice;
        assert_int_equal(quant_calibrate(&spec, x, n, &choice, NULL), QUANT_OK);
        add_to_hash(&hash, choice.range, sizeof choice.range);
        add_to_hash(&hash, &choice.params.scale, sizeof choice.params.scale);
        add_to_hash(&hash, &choice.params.zero_point, sizeof choice.params.zero_point);
    }
    return hash;
}

/* In the order of the table; auto, the last name, takes the range of another. */
static void test_known(void **state)
{
    (void)state;
    assert_string_equal(method_name(LENGTH(answers)), "auto");
    for (size_t i = 0; i < LENGTH(answers); i++) {
        assert_string_equal(answers[i].method, method_name(i));
        const uint64_t found = hash_of(answers[i].method);
        if (found != answers[i].hash)
            fail_msg("%s: the hash is 0x%016llX", answers[i].method, (unsigned long long)found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_known)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
