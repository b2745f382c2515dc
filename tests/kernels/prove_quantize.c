/* SPDX-License-Identifier: MIT */
/*
 * Proves that every row quantizes every float32 as division does: sweeps over all floats, and many
 * floats around every tie. QUANT_PROVE sets the amount:
 *
 *     little    for emulated, instrumented and unoptimized programs
 *     (unset)   seconds: sweeps skip most floats, different ones for each scale
 *     all       about an hour: each of the 2^32 floats, for every scale below
 *     N         like all, for the first N scales only
 *
 * It uses all processors that it may. ctest stops tests after five minutes: to prove all, run
 * QUANT_PROVE=all build/tests/prove_quantize.
 */
#include <float.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#include "../support/floats.h"
#include "../support/unit.h"
#include "kernels/kernels.h"

enum { MAX_ROWS = 8, MAX_THREADS = 64, PIECE = 4096, RANDOM_SCALES = 10 };

static const float chosen_scales[] = {
    1, 0.1F,      5.0F / 127, 0x1p-100F,   0x1.FFFFFEp-101F, FLT_MIN,        FLT_MAX,
    3, 0x1p-149F, 1e38F,      10.8F / 127, 0x1.FFFFFEp+0F,   0x1.000002p+0F, 0x1.555556p-5F,
};

static const int32_t zero_points[] = {0, -128, 127, 255, -383, 512, -512, 513, 1 << 22};

enum { ALL_SCALES = LENGTH(chosen_scales) + RANDOM_SCALES };
enum { MAPPINGS = LENGTH(zero_points) * 4, ROUND = 16 * MAPPINGS }; /* two types, two roundings */

/* The rows to prove: those that run here, except scalar; or the one in QUANT_TEST_ROW. */
static const struct quant_kernels *rows[MAX_ROWS];
static size_t nrows;

static atomic_bool failed;

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void report(const char *name, const struct quant_params *params, float x, int found,
                   int expected)
{
    if (atomic_exchange(&failed, true))
        return;
    fprintf(stderr,
            "%s, %s: x %a (0x%08x): found %d, expected %d; scale %a, z %d, %d..%d, rounding %d\n",
            name, quant_dtype_info(params->dtype)->name, (double)x, bits_of(x), found, expected,
            (double)params->scale, params->zero_point, params->qmin, params->qmax,
            (int)params->rounding);
}

static void compare(const char *name, const struct quant_params *params, const float *x, size_t n,
                    const uint8_t *found, const uint8_t *expected)
{
    if (memcmp(found, expected, n) == 0)
        return;
    size_t i = 0;
    while (found[i] == expected[i])
        i++;
    const bool is_signed = params->dtype == QUANT_INT8;
    report(name, params, x[i], is_signed ? (int8_t)found[i] : found[i],
           is_signed ? (int8_t)expected[i] : expected[i]);
}

/* ---- The reference --------------------------------------------------------------------------- */

/* The quotients of a piece, rounded both ways: by division, like scalar.c, but in a form that
 * compilers vectorize. Every sweep compares it with scalar.c. */
struct quotients {
    float x[PIECE];
    int32_t rounded[2][PIECE]; /* by enum quant_rounding; within +-2^23; NaN is 0 */
    uint8_t expected[PIECE];
};

/* Truncation and the rest are exact. */
static inline __attribute__((always_inline)) void round_quotients(struct quotients *piece,
                                                                  float scale)
{
    const float limit = 0x1p23F;
    for (size_t i = 0; i < PIECE; i++) {
        float t = piece->x[i] / scale;
        t = t == t ? t : 0;
        t = t < -limit ? -limit : t;
        t = t > limit ? limit : t;
        const int32_t cut = (int32_t)t;
        const float rest = t - (float)cut;
        const int32_t half_up = rest >= 0.5F;
        const int32_t half_down = rest <= -0.5F;
        const int32_t up = rest > 0.5F;
        const int32_t down = rest < -0.5F;
        piece->rounded[QUANT_HALF_AWAY][i] = cut + half_up - half_down;
        piece->rounded[QUANT_HALF_EVEN][i] =
            cut + (up | (half_up & cut)) - (down | (half_down & cut));
    }
}

static inline __attribute__((always_inline)) void expect(struct quotients *piece,
                                                         const struct quant_params *params)
{
    const int32_t *rounded = piece->rounded[params->rounding];
    for (size_t i = 0; i < PIECE; i++) {
        int32_t q = rounded[i] + params->zero_point;
        q = q < params->qmin ? params->qmin : q;
        q = q > params->qmax ? params->qmax : q;
        piece->expected[i] = (uint8_t)q;
    }
}

#if defined(__x86_64__) && defined(__OPTIMIZE__)
#define FOR_AVX2 __attribute__((target("avx2")))
FOR_AVX2 static void round_quotients_avx2(struct quotients *piece, float scale)
{
    round_quotients(piece, scale);
}

FOR_AVX2 static void expect_avx2(struct quotients *piece, const struct quant_params *params)
{
    expect(piece, params);
}
#endif

static void round_quotients_portable(struct quotients *piece, float scale)
{
    round_quotients(piece, scale);
}

static void expect_portable(struct quotients *piece, const struct quant_params *params)
{
    expect(piece, params);
}

static void (*round_quotients_here)(struct quotients *, float) = round_quotients_portable;
static void (*expect_here)(struct quotients *, const struct quant_params *) = expect_portable;

static void choose_reference(void)
{
#if defined(__x86_64__) && defined(__OPTIMIZE__)
    if (__builtin_cpu_supports("avx2")) {
        round_quotients_here = round_quotients_avx2;
        expect_here = expect_avx2;
    }
#endif
}

/* ---- Sweeps ---------------------------------------------------------------------------------- */

static struct quant_params mapping_at(size_t i, float scale)
{
    const bool is_unsigned = i / 2 % 2;
    return (struct quant_params){
        .dtype = is_unsigned ? QUANT_UINT8 : QUANT_INT8,
        .rounding = i % 2 ? QUANT_HALF_AWAY : QUANT_HALF_EVEN,
        .qmin = is_unsigned ? 0 : -128,
        .qmax = is_unsigned ? 255 : 127,
        .scale = scale,
        .zero_point = zero_points[i / 4],
    };
}

/* The floats with the bits first, first + stride, ..., in pieces that threads share. */
struct sweep {
    float scale;
    uint32_t first;
    uint32_t stride;
    size_t npieces;
    atomic_size_t next;
};

static void sweep_piece(const struct sweep *sweep, size_t at, struct quotients *piece, uint8_t *q)
{
    for (size_t i = 0; i < PIECE; i++)
        piece->x[i] = float_of(sweep->first + (uint32_t)(at * PIECE + i) * sweep->stride);
    round_quotients_here(piece, sweep->scale);
    for (size_t i = 0; i < MAPPINGS; i++) {
        const struct quant_params params = mapping_at(i, sweep->scale);
        expect_here(piece, &params);
        for (size_t row = 0; row < nrows; row++) {
            rows[row]->quantize[params.dtype](&params, piece->x, PIECE, q);
            compare(rows[row]->name, &params, piece->x, PIECE, q, piece->expected);
        }
        if (at % ROUND == i) { /* each mapping in turn */
            quant_kernels_scalar.quantize[params.dtype](&params, piece->x, PIECE, q);
            compare("the reference, against scalar", &params, piece->x, PIECE, piece->expected, q);
        }
    }
}

static void *sweep_share(void *argument)
{
    struct sweep *sweep = argument;
    static _Thread_local struct quotients piece;
    static _Thread_local uint8_t q[PIECE];
    size_t at;
    while ((at = atomic_fetch_add(&sweep->next, 1)) < sweep->npieces && !failed)
        sweep_piece(sweep, at, &piece, q);
    return NULL;
}

/* ---- Ties ------------------------------------------------------------------------------------ */

enum { BESIDE = 4, CROWD = 2 * BESIDE + 1 };

struct ties {
    size_t nscales;
    atomic_size_t next;
    atomic_size_t nvalues;
};

/* Any exponent; subnormals are more frequent than in random bits. */
static struct quant_params random_params(struct random *random)
{
    const bool is_unsigned = random_64(random) & 1;
    const int32_t min = is_unsigned ? 0 : -128;
    const bool is_far = random_below(random, 8) == 0;
    struct quant_params params = {
        .dtype = is_unsigned ? QUANT_UINT8 : QUANT_INT8,
        .rounding = random_64(random) & 1 ? QUANT_HALF_AWAY : QUANT_HALF_EVEN,
        .qmin = min + (int32_t)(random_64(random) & 1),
        .qmax = min + (random_64(random) & 1 ? 255 : 100),
        .scale = random_below(random, 16) ? random_scale(random)
                                          : float_of(1 + random_below(random, 0x7FFFFF)),
    };
    if (is_far)
        params.zero_point = (int32_t)random_below(random, 1 << 23) - (1 << 22);
    else
        params.zero_point = (int32_t)random_below(random, 1100) - 550;
    return params;
}

/* Every tie of the target range and next to it, and up to BESIDE floats around each. */
static size_t crowd_ties(const struct quant_params *params, float *x)
{
    size_t n = 0;
    for (int32_t k = params->qmin - 2; k <= params->qmax + 1; k++) {
        const double tie = ((double)k + 0.5 - params->zero_point) * (double)params->scale;
        const uint32_t sign = tie < 0 ? 0x80000000U : 0;
        const float nearest = (float)fabs(tie);
        const uint32_t middle = nearest < FLT_MAX ? bits_of(nearest) : 0x7F7FFFFF;
        const uint32_t first = middle < BESIDE ? 0 : middle - BESIDE;
        for (uint32_t i = 0; i < CROWD; i++)
            x[n++] = float_of(sign | (first + i));
    }
    return n;
}

static void *ties_share(void *argument)
{
    struct ties *ties = argument;
    static _Thread_local float x[260 * CROWD];
    static _Thread_local uint8_t expected[LENGTH(x)];
    static _Thread_local uint8_t q[LENGTH(x)];
    size_t at;
    while ((at = atomic_fetch_add(&ties->next, 1)) < ties->nscales && !failed) {
        struct random random = {random_seed() + at * UINT64_C(0xD1342543DE82EF95)};
        const struct quant_params params = random_params(&random);
        const size_t n = crowd_ties(&params, x);
        quant_kernels_scalar.quantize[params.dtype](&params, x, n, expected);
        for (size_t row = 0; row < nrows; row++) {
            rows[row]->quantize[params.dtype](&params, x, n, q);
            compare(rows[row]->name, &params, x, n, q, expected);
        }
        atomic_fetch_add(&ties->nvalues, n);
    }
    return NULL;
}

/* ---- All of it ------------------------------------------------------------------------------- */

static void in_parallel(void *(*share)(void *), void *argument)
{
    pthread_t threads[MAX_THREADS];
    cpu_set_t processors;
    size_t nthreads = 1;
    if (sched_getaffinity(0, sizeof processors, &processors) == 0)
        nthreads = (size_t)CPU_COUNT(&processors);
    nthreads = nthreads > MAX_THREADS ? MAX_THREADS : nthreads;
    size_t started = 1; /* this one */
    while (started < nthreads && pthread_create(&threads[started], NULL, share, argument) == 0)
        started++;
    share(argument);
    for (size_t i = 1; i < started; i++)
        pthread_join(threads[i], NULL);
}

static void prove_scale(float scale, uint32_t first, uint32_t stride)
{
    struct sweep sweep = {.scale = scale, .first = first, .stride = stride};
    sweep.npieces = (size_t)((UINT64_C(1) << 32) / stride / PIECE);
    const double start = seconds();
    in_parallel(sweep_share, &sweep);
    if (!failed)
        printf("scale %-15a 1 in %u of the 2^32 floats, %d mappings: the same (%.1f s)\n",
               (double)scale, stride, (int)MAPPINGS, seconds() - start);
    fflush(stdout);
}

static void prove_ties(size_t nscales)
{
    struct ties ties = {.nscales = nscales};
    const double start = seconds();
    in_parallel(ties_share, &ties);
    if (!failed)
        printf("%zu random mappings, %zu floats around their ties: the same (%.1f s)\n", nscales,
               (size_t)ties.nvalues, seconds() - start);
    fflush(stdout);
}

static void choose_rows(void)
{
    const char *name = getenv("QUANT_TEST_ROW");
    for (size_t i = 0; quant_kernels_at(i) && nrows < MAX_ROWS; i++) {
        const struct quant_kernels *row = quant_kernels_at(i);
        const bool wanted = name ? strcmp(name, row->name) == 0 : row != &quant_kernels_scalar;
        if (wanted && row->supported()) {
            rows[nrows++] = row;
            printf("row %s\n", row->name);
        } else if (wanted) {
            printf("skipped: %s: not supported here\n", row->name);
        }
    }
}

/* Strides are odd, so the low bits of the patterns take all values. */
int main(void)
{
    const char *how = getenv("QUANT_PROVE");
    uint32_t stride = 1021;
    size_t nscales = ALL_SCALES;
    size_t nties = 100000;
    if (how && strcmp(how, "little") == 0) {
        stride = 65521;
        nties = 2000;
    } else if (how && *how) {
        stride = 1;
        nties = 4000000;
        if (strcmp(how, "all") != 0)
            nscales = strtoul(how, NULL, 10);
        if (nscales == 0) {
            fprintf(stderr, "QUANT_PROVE is 'little', 'all' or a number, not '%s'\n", how);
            return 2;
        }
    }
    choose_rows();
    if (nrows == 0) {
        printf("skipped: there is no row but scalar that runs here\n");
        return 77;
    }
    choose_reference();
    struct random random = random_begin();
    prove_ties(nties);
    for (size_t i = 0; i < ALL_SCALES && i < nscales && !failed; i++) {
        const float scale = i < LENGTH(chosen_scales) ? chosen_scales[i] : random_scale(&random);
        prove_scale(scale, (uint32_t)random_64(&random), stride);
    }
    return random_end(failed);
}
