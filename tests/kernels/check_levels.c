/* SPDX-License-Identifier: MIT */
/* A kind of kernels: mark_levels. */
#include <string.h>

#include "kinds.h"

static bool is_target(enum quant_dtype dtype)
{
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    return info && info->quantizes && info->bits <= 16;
}

/* A bit for each pattern of the type, in whole words. */
static size_t bytes_of_levels(const struct call *call)
{
    const unsigned bits = quant_dtype_info(call->dtype)->bits;
    return bits < 6 ? sizeof(uint64_t) : ((size_t)1 << bits) / 8;
}

static void levels_run(const struct quant_kernels *row, struct call *call)
{
    row->mark_levels[call->dtype](call->arrays[0], call->n, call->arrays[1]);
}

/* Random elements; two levels in each byte; a small or a large range. Some levels are marked
 * already. */
static void levels_fill(struct random *random, size_t round, struct call *call)
{
    const size_t nbytes = bytes_of_elements(call);
    const uint32_t spread = 1U << random_below(random, 9);
    unsigned char *q = call->arrays[0];
    random_bytes(random, q, nbytes);
    for (size_t i = 0; i < nbytes && round % 3 > 0; i++)
        q[i] = round % 3 == 1 ? q[i] & 0x81
                              : (uint8_t)(random_below(random, spread) * 255 / spread + call->n);
    memset(call->arrays[1], 0, bytes_of_levels(call));
    ((unsigned char *)call->arrays[1])[round % bytes_of_levels(call)] = 0x80;
    ((unsigned char *)call->arrays[1])[bytes_of_levels(call) - 1] |= 1;
}

/* All levels that appear are marked, as after the first part of an array. */
static void levels_fill_typical(struct random *random, size_t variant, struct call *call)
{
    (void)variant;
    random_bytes(random, call->arrays[0], bytes_of_elements(call));
    memset(call->arrays[1], 0, bytes_of_levels(call));
    quant_kernels_scalar.mark_levels[call->dtype](call->arrays[0], call->n, call->arrays[1]);
}

/* Vectors look first whether all levels from the minimum to the maximum are marked. Arrays longer
 * than a block of that; their levels are between two, or all but one of them are; the bitmaps have
 * all levels between these two, or all but one of all levels. */
static void check_marked_before(const struct quant_kernels *row, enum quant_dtype dtype)
{
    enum { MAX = 2 * 1024 + 37 };
    const uint8_t flip = dtype == QUANT_INT8 ? 0x80 : 0;
    struct random random = random_begin();
    struct work work;
    work_begin(&work, &kind_mark_levels, dtype, MAX);
    uint8_t *q = work.call.arrays[0];
    uint64_t *levels = work.call.arrays[1];
    for (uint32_t i = 0; i < 4 * 256; i++) {
        const uint32_t ends[2] = {i % 256, random_below(&random, 256)};
        const uint32_t min = ends[0] < ends[1] ? ends[0] : ends[1];
        const uint32_t max = ends[0] < ends[1] ? ends[1] : ends[0];
        memset(levels, 0, 256 / 8);
        for (uint32_t level = 0; level < 256; level++)
            if (i < 512 ? level >= min && level <= max : level != ends[0])
                levels[level / 64] |= UINT64_C(1) << (level % 64);
        for (size_t k = 0; k < MAX; k++)
            q[k] = (uint8_t)(min + random_below(&random, max - min + 1)) ^ flip;
        if (i % 512 >= 256)
            q[random_below(&random, MAX)] = (uint8_t)(i % 2 ? min - 1 : max + 1) ^ flip;
        work.call.n = MAX - i % 64;
        work_compare(&work, row, "marked before");
    }
    work_end(&work);
}

static void check_both_marked_before(const struct quant_kernels *row)
{
    check_marked_before(row, QUANT_INT8);
    check_marked_before(row, QUANT_UINT8);
}

static const struct check levels_checks[] = {{"marked before", check_both_marked_before},
                                             {NULL, NULL}};

const struct kind kind_mark_levels = {
    .name = "mark_levels",
    .member = offsetof(struct quant_kernels, mark_levels),
    .nmembers = QUANT_DTYPE_COUNT,
    .is_for = is_target,
    .arrays = {{"q", bytes_of_elements, 0, false},
               {"levels", bytes_of_levels, sizeof(uint64_t), true}},
    .fill = levels_fill,
    .fill_typical = levels_fill_typical,
    .run = levels_run,
    .nrounds = 100,
    .placed = {0, 1, 1, 1, 1},
    .checks = levels_checks,
};
