/* SPDX-License-Identifier: MIT */
/* Every row of the kernel table against the scalar definition: what adds up the error report.
 * Sums are compared bit by bit, like everything else. */
#include <float.h>

#include "../support/floats.h"
#include "../support/guarded.h"
#include "rows.h"

enum { MOST_LENGTH = 4 * 64 + 3, MOST_SHIFT = 16, LANES = QUANT_MEASURE_LANES };

/* ---- measure --------------------------------------------------------------------------------- */

struct start {
    double lanes[QUANT_MEASURE_SUMS][LANES];
    double max_abs_error;
};

struct sums {
    double before[LANES]; /* canaries */
    double lanes[QUANT_MEASURE_SUMS][LANES];
    double behind[LANES];
    struct quant_measure_block block;
};

/* The lanes and the counts hold something already; the index holds rubbish that stays where the
 * maximum is not raised. */
static void sums_begin(struct sums *sums, const struct start *start,
                       const struct quant_params *params)
{
    memset(sums, GUARDED_CANARY, sizeof *sums);
    memcpy(sums->lanes, start->lanes, sizeof sums->lanes);
    sums->block.lanes = sums->lanes;
    sums->block.max_abs_error = start->max_abs_error;
    quant_unclipped_range(params, &sums->block.min_unclipped, &sums->block.max_unclipped);
}

static bool same_blocks(const struct sums *a, const struct sums *b)
{
    return a->block.nonfinite == b->block.nonfinite && a->block.clipped == b->block.clipped &&
           a->block.zeroed == b->block.zeroed && a->block.sign_flipped == b->block.sign_flipped &&
           memcmp(&a->block.max_abs_error, &b->block.max_abs_error, sizeof(double)) == 0 &&
           a->block.max_abs_error_index == b->block.max_abs_error_index;
}

static void print_block(const char *who, const struct sums *sums)
{
    const struct quant_measure_block *block = &sums->block;
    print_error("%s: nonfinite %llu, clipped %llu, zeroed %llu, sign_flipped %llu, max %a at %zu\n",
                who, (unsigned long long)block->nonfinite, (unsigned long long)block->clipped,
                (unsigned long long)block->zeroed, (unsigned long long)block->sign_flipped,
                block->max_abs_error, block->max_abs_error_index);
}

static void fail_sums(const struct quant_kernels *row, const struct sums *found,
                      const struct sums *expected, size_t n, size_t first_lane)
{
    print_block("found", found);
    print_block("expected", expected);
    for (size_t i = 0; i < QUANT_MEASURE_SUMS; i++)
        for (size_t lane = 0; lane < LANES; lane++)
            if (memcmp(&found->lanes[i][lane], &expected->lanes[i][lane], sizeof(double)) != 0)
                print_error("sum %zu, lane %zu: found %a, expected %a\n", i, lane,
                            found->lanes[i][lane], expected->lanes[i][lane]);
    fail_msg("%s, measure, n %zu, first lane %zu", row->name, n, first_lane);
}

struct measured {
    struct quant_params params;
    const float *x;
    const float *restored;
    size_t n;
    size_t first_lane;
};

static void compare_measured(const struct quant_kernels *row, const struct measured *measured,
                             const struct start *start)
{
    struct sums found;
    struct sums expected;
    sums_begin(&found, start, &measured->params);
    sums_begin(&expected, start, &measured->params);
    quant_kernels_scalar.measure(measured->x, measured->restored, measured->n, measured->first_lane,
                                 &expected.block);
    row->measure(measured->x, measured->restored, measured->n, measured->first_lane, &found.block);
    if (!same_blocks(&found, &expected) ||
        memcmp(found.before, expected.before, offsetof(struct sums, block)) != 0)
        fail_sums(row, &found, &expected, measured->n, measured->first_lane);
}

static struct quant_params measure_params(struct random *random)
{
    static const int32_t zero_points[] = {0, -23, 128, -383, 4194304, INT32_MAX, INT32_MIN};
    const bool is_unsigned = random_64(random) & 1;
    return (struct quant_params){
        .dtype = is_unsigned ? QUANT_UINT8 : QUANT_INT8,
        .rounding = random_64(random) & 1 ? QUANT_HALF_AWAY : QUANT_HALF_EVEN,
        .qmin = is_unsigned ? 1 : -127,
        .qmax = random_64(random) & 1 ? 100 : 127,
        .scale = random_64(random) & 1 ? 0.25F : random_scale(random),
        .zero_point = zero_points[random_below(random, LENGTH(zero_points))],
    };
}

/* Mostly what quantizing restores; else zeros, the other sign, infinity (an overflow) or anything
 * finite. */
static float random_restored(struct random *random, const struct quant_params *params, float x)
{
    uint16_t q;
    float restored;
    switch (random_below(random, 8)) {
    case 0:
        return -x == x || isnan(x) ? 0 : -x;
    case 1:
        return random_64(random) & 1 ? 0.0F : -0.0F;
    case 2:
        restored = float_of((uint32_t)random_64(random));
        return isnan(restored) ? (float)INFINITY : restored;
    default:
        quant_kernels_scalar.quantize[params->dtype](params, &x, 1, &q);
        quant_kernels_scalar.dequantize[params->dtype](params, &q, 1, &restored);
        return restored;
    }
}

static void random_start(struct random *random, struct start *start)
{
    for (size_t i = 0; i < QUANT_MEASURE_SUMS; i++)
        for (size_t lane = 0; lane < LANES; lane++)
            start->lanes[i][lane] = (random_unit(random) - 0.25) * 100;
    start->max_abs_error = random_64(random) & 1 ? random_unit(random) : -1;
}

static void random_pairs(struct random *random, const struct quant_params *params, float *x,
                         float *restored, size_t n)
{
    random_elements(random, params->scale, params->zero_point, x, n);
    for (size_t i = 0; i < n; i++) {
        if (isnan(x[i]) && random_64(random) & 1)
            x[i] = 1; /* fewer NaNs: sums should hold something */
        restored[i] = random_restored(random, params, x[i]);
    }
}

static void check_measure_values(const struct quant_kernels *row)
{
    struct random random = random_begin();
    float x[MOST_LENGTH];
    float restored[MOST_LENGTH];
    struct start start;
    for (size_t i = 0; i < 5000; i++) {
        const struct quant_params params = measure_params(&random);
        const struct measured measured = {params, x, restored,
                                          random_below(&random, MOST_LENGTH + 1),
                                          random_below(&random, LANES)};
        random_pairs(&random, &params, x, restored, measured.n);
        random_start(&random, &start);
        compare_measured(row, &measured, &start);
    }
}

/* Every length from every first lane, x and restored ending at a guard or lying behind one. */
static void check_measure_placements(const struct quant_kernels *row)
{
    struct random random = random_begin();
    struct guarded guarded_x = guarded_new((size_t)(MOST_LENGTH + MOST_SHIFT) * sizeof(float));
    struct guarded guarded_restored =
        guarded_new((size_t)(MOST_LENGTH + MOST_SHIFT) * sizeof(float));
    float x[MOST_LENGTH];
    float restored[MOST_LENGTH];
    struct start start;
    const struct quant_params params = {QUANT_ABSMAX, QUANT_INT8, QUANT_HALF_EVEN, -128, 127,
                                        0.25F,        3,          QUANT_FLOAT32};
    for (size_t n = 0; n <= MOST_LENGTH; n++)
        for (size_t i = 0; i < (size_t)LANES * (MOST_SHIFT + 1); i++) {
            const size_t first_lane = i % LANES;
            const long shift = (long)(i / LANES) - 1;
            const long other = n % 2 ? -1 : (shift + (long)first_lane) % MOST_SHIFT;
            const size_t nbytes = n * sizeof(float);
            void *to_x = guarded_place(&guarded_x, shift < 0 ? -1 : shift * 4, nbytes);
            void *to_restored =
                guarded_place(&guarded_restored, other < 0 ? -1 : other * 4, nbytes);
            if (i == 0) {
                random_pairs(&random, &params, x, restored, n);
                random_start(&random, &start);
            }
            if (IS_SLOW_BUILD && (n + i) % 3 != 0)
                continue;
            memcpy(to_x, x, nbytes);
            memcpy(to_restored, restored, nbytes);
            const struct measured measured = {params, to_x, to_restored, n, first_lane};
            compare_measured(row, &measured, &start);
        }
    guarded_free(&guarded_x);
    guarded_free(&guarded_restored);
}

/* The same greatest error at two places, of either sign: the first counts, wherever vectors cut. */
static void check_measure_first_maximum(const struct quant_kernels *row)
{
    enum { MOST = 131 };
    static const struct start zeros = {.max_abs_error = -1};
    const struct quant_params params = {QUANT_ABSMAX, QUANT_INT8, QUANT_HALF_EVEN, -127, 127, 1, 0,
                                        QUANT_FLOAT32};
    float x[MOST];
    float restored[MOST];
    for (size_t i = 0; i < MOST; i++)
        x[i] = restored[i] = (float)i;
    for (size_t i = 0; i < MOST; i++)
        for (size_t k = i; k < MOST; k++) {
            restored[i] = x[i] + (k % 2 ? 0.5F : -0.5F);
            restored[k] = x[k] + 0.5F;
            const struct measured measured = {params, x, restored, MOST - i % 3, (i + k) % LANES};
            compare_measured(row, &measured, &zeros);
            restored[i] = x[i];
            restored[k] = x[k];
        }
}

/* Vectors count exactly only where they see something to count: one such element among others that
 * leave no trace, wherever it stands, and with limits of either sign. */
static void check_measure_one_of_a_kind(const struct quant_kernels *row)
{
    enum { MOST = 2 * 1024 + 5 }; /* beyond the blocks in which vectors count */
    static const struct start zeros = {.max_abs_error = -1};
    static const int32_t zero_points[] = {0, -23, 127, -128, 300, -300};
    static const float pairs[][2] = {{0, 1},
                                     {0, -1},
                                     {-0.0F, 1},
                                     {-0.0F, -1},
                                     {-0.0F, 0},
                                     {0, -0.0F},
                                     {1, -0.0F},
                                     {-1, -0.0F},
                                     {1, 0},
                                     {-1, 0},
                                     {0x1p-149F, 0},
                                     {-0x1p-149F, -0x1p-149F},
                                     {1, -1},
                                     {-1, 1},
                                     {0x1p-149F, -1},
                                     {-1, 0x1p-149F},
                                     {127.5F, 127},
                                     {-127.5F, -127},
                                     {127.25F, 127},
                                     {-127.25F, -127},
                                     {FLT_MAX, 127},
                                     {-FLT_MAX, 0},
                                     {(float)INFINITY, 1},
                                     {(float)NAN, 0},
                                     {1, (float)INFINITY}};
    float x[MOST];
    float restored[MOST];
    for (size_t k = 0; k < LENGTH(pairs) * LENGTH(zero_points); k++) {
        const struct quant_params params = {QUANT_ABSMAX,
                                            QUANT_INT8,
                                            QUANT_HALF_EVEN,
                                            -127,
                                            127,
                                            1,
                                            zero_points[k % LENGTH(zero_points)],
                                            QUANT_FLOAT32};
        for (size_t i = 0; i < MOST; i++)
            x[i] = restored[i] = zero_points[k % LENGTH(zero_points)] > 0 ? -200 : 100;
        for (size_t i = 0; i < MOST; i += i < 70 || i > MOST - 70 ? 1 : 61) {
            const float plain = x[i];
            x[i] = pairs[k / LENGTH(zero_points)][0];
            restored[i] = pairs[k / LENGTH(zero_points)][1];
            const struct measured measured = {params, x, restored, MOST,
                                              i % 3 == 0 ? 0 : i % LANES};
            compare_measured(row, &measured, &zeros);
            x[i] = restored[i] = plain;
        }
    }
}

/* No error at all, nothing finite, nothing: the index, and -1 where there is none. */
static void check_measure_uniform(const struct quant_kernels *row)
{
    static const struct start zeros = {.max_abs_error = -1};
    const struct quant_params params = {QUANT_ABSMAX, QUANT_INT8, QUANT_HALF_EVEN, -127, 127, 1, 0,
                                        QUANT_FLOAT32};
    float x[MOST_LENGTH];
    float restored[MOST_LENGTH];
    for (size_t special = 0; special < (size_t)2 * SPECIAL_FLOATS; special++)
        for (size_t n = 0; n <= MOST_LENGTH; n++) {
            for (size_t i = 0; i < n; i++) {
                x[i] = float_of(special_floats[special / 2] | (special % 2 ? 0x80000000U : 0));
                restored[i] = isfinite(x[i]) ? x[i] : 0;
            }
            if (n > 0) /* all but the last not finite: its index is not 0 */
                x[n - 1] = restored[n - 1] = 1;
            const struct measured measured = {params, x, restored, n, n % LANES};
            compare_measured(row, &measured, &zeros);
        }
}

/* ---- mark_levels ----------------------------------------------------------------------------- */

enum { WORDS = 5 }; /* of a bitmap, and a canary */

static void compare_levels(const struct quant_kernels *row, enum quant_dtype dtype,
                           const uint64_t start[WORDS], const void *q, size_t n)
{
    uint64_t found[WORDS];
    uint64_t expected[WORDS];
    memcpy(found, start, sizeof found);
    memcpy(expected, start, sizeof expected);
    quant_kernels_scalar.mark_levels[dtype](q, n, expected);
    row->mark_levels[dtype](q, n, found);
    if (memcmp(found, expected, sizeof found) != 0)
        fail_msg("%s, mark_levels, %s, n %zu", row->name, quant_dtype_info(dtype)->name, n);
}

/* All integers alike, few and all of them, at every length and place. */
static void check_levels(const struct quant_kernels *row)
{
    enum { MOST = 4 * 64 + 3 };
    struct random random = random_begin();
    struct guarded guarded = guarded_new(MOST + MOST_SHIFT);
    static const uint64_t start[WORDS] = {0, UINT64_C(1) << 63, 0, 1, 0x0123456789ABCDEF};
    for (size_t n = 0; n <= MOST; n++)
        for (long shift = -1; shift < MOST_SHIFT; shift++) {
            uint8_t *q = guarded_place(&guarded, shift, n);
            const uint32_t spread = 1U << random_below(&random, 9);
            for (size_t i = 0; i < n; i++)
                q[i] = (uint8_t)(random_below(&random, spread) * 255 / spread + n);
            compare_levels(row, QUANT_INT8, start, q, n);
            compare_levels(row, QUANT_UINT8, start, q, n);
        }
    guarded_free(&guarded);
}

/* Vectors look first whether all levels from the least to the greatest are marked. Arrays longer
 * than they do that for, whose levels are all between two, or all but one; bitmaps that lack
 * nothing between these, or one level of all. */
static void check_levels_marked_before(const struct quant_kernels *row)
{
    enum { MOST = 2 * 1024 + 37 };
    struct random random = random_begin();
    uint8_t q[MOST];
    for (uint32_t i = 0; i < 4 * 256; i++) {
        const uint32_t ends[2] = {i % 256, random_below(&random, 256)};
        const uint32_t least = ends[0] < ends[1] ? ends[0] : ends[1];
        const uint32_t greatest = ends[0] < ends[1] ? ends[1] : ends[0];
        uint64_t start[WORDS] = {0, 0, 0, 0, 0x0123456789ABCDEF};
        for (uint32_t level = 0; level < 256; level++)
            if (i < 512 ? level >= least && level <= greatest : level != ends[0])
                start[level / 64] |= UINT64_C(1) << (level % 64);
        for (size_t k = 0; k < MOST; k++)
            q[k] = (uint8_t)(least + random_below(&random, greatest - least + 1));
        if (i % 512 >= 256)
            q[random_below(&random, MOST)] = (uint8_t)(i % 2 ? least - 1 : greatest + 1);
        compare_levels(row, QUANT_UINT8, start, q, MOST - i % 64);
        for (size_t k = 0; k < MOST; k++)
            q[k] ^= 0x80;
        compare_levels(row, QUANT_INT8, start, q, MOST - i % 64);
    }
}

int main(void)
{
    static const struct row_group groups[] = {
        {"mark_levels", check_levels},
        {"mark_levels, marked before", check_levels_marked_before},
        {"measure, random elements", check_measure_values},
        {"measure, lengths and places", check_measure_placements},
        {"measure, the first maximum", check_measure_first_maximum},
        {"measure, one of a kind", check_measure_one_of_a_kind},
        {"measure, all alike", check_measure_uniform},
    };
    return random_end(rows_run("kernels/table_measure", groups, LENGTH(groups), NULL, 0));
}
