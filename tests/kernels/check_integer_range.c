/* SPDX-License-Identifier: MIT */
/* A kind of kernels: integer_range. */
#include <string.h>

#include "kinds.h"

static bool is_integer(enum quant_dtype dtype)
{
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    return info && info->quantizes && info->is_integer;
}

static size_t bytes_of_ends(const struct call *call)
{
    (void)call;
    return 2 * sizeof(int32_t);
}

static void integer_range_run(const struct quant_kernels *row, struct call *call)
{
    row->integer_range[call->dtype](call->arrays[0], call->n, call->arrays[1]);
}

static void set_ends(struct call *call, int32_t min, int32_t max)
{
    const int32_t ends[2] = {min, max};
    memcpy(call->arrays[1], ends, sizeof ends);
}

/* Random elements; one value, and one other byte at a random place; a small range. The ends are
 * empty, or those of an earlier part. */
static void integer_range_fill(struct random *random, size_t round, struct call *call)
{
    const size_t nbytes = bytes_of_elements(call);
    unsigned char *q = call->arrays[0];
    random_bytes(random, q, nbytes);
    if (round % 3 == 1) {
        memset(q, (int)random_below(random, 256), nbytes);
        if (nbytes > 0)
            q[random_below(random, (uint32_t)nbytes)] = (uint8_t)random_below(random, 256);
    }
    for (size_t i = 0; i < nbytes && round % 3 == 2; i++)
        q[i] = (uint8_t)(0x70 + q[i] % 32);
    if (round % 2)
        set_ends(call, -(int32_t)random_below(random, 9), (int32_t)random_below(random, 9));
    else
        set_ends(call, INT32_MAX, INT32_MIN);
}

static void integer_range_fill_typical(struct random *random, size_t variant, struct call *call)
{
    (void)variant;
    random_bytes(random, call->arrays[0], bytes_of_elements(call));
    set_ends(call, INT32_MAX, INT32_MIN);
}

/* Each end of each type, as one element among zeros, at every place of a long array. */
static void check_ends(const struct quant_kernels *row)
{
    enum { N = 300 };
    for (int type = 0; type < QUANT_DTYPE_COUNT; type++) {
        if (!is_integer((enum quant_dtype)type))
            continue;
        const struct quant_dtype_info *info = quant_dtype_info((enum quant_dtype)type);
        const double both[2] = {info->min, info->max};
        for (size_t place = 0; place < 2 * (size_t)N; place++) {
            int32_t q[N] = {0};
            int32_t ends[2] = {INT32_MAX, INT32_MIN};
            const unsigned bits = (unsigned)(int32_t)both[place % 2];
            const size_t i = place / 2;
            if (info->bits == 4)
                ((unsigned char *)q)[i / 2] = (unsigned char)((bits & 15U) << (i % 2 * 4));
            else if (info->bits == 8)
                ((unsigned char *)q)[i] = (unsigned char)bits;
            else if (info->bits == 16)
                ((uint16_t *)q)[i] = (uint16_t)bits;
            else
                q[i] = (int32_t)bits;
            row->integer_range[type](q, N, ends);
            assert_int_equal(ends[0], place % 2 ? 0 : (int32_t)both[0]);
            assert_int_equal(ends[1], place % 2 ? (int32_t)both[1] : 0);
        }
    }
}

static const struct check integer_range_checks[] = {{"ends", check_ends}, {NULL, NULL}};

const struct kind kind_integer_range = {
    .name = "integer_range",
    .member = offsetof(struct quant_kernels, integer_range),
    .nmembers = QUANT_DTYPE_COUNT,
    .is_for = is_integer,
    .arrays = {{"q", bytes_of_elements, 0, false}, {"ends", bytes_of_ends, sizeof(int32_t), true}},
    .fill = integer_range_fill,
    .fill_typical = integer_range_fill_typical,
    .run = integer_range_run,
    .nrounds = 100,
    .placed = {0, 1, 1, 1, 1},
    .checks = integer_range_checks,
};
