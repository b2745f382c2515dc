/* SPDX-License-Identifier: MIT */
/* AVX2 where parameters change along the elements: ranges of many groups at once, and mapping by
 * division with a scale and a zero point for each element. What has one for a run of elements is in
 * avx2_runs.c. AVX-512 takes these functions too: they wait for memory, and divide no faster. */
#include "kernels/kernels.h"

#if defined(__x86_64__)

#include <math.h>

#include "kernels/avx2_integers.h"
#include "kernels/avx2_types.h"
#include "kernels/scalar.h"

/* ---- Observing ---- */

/* x + x * 0 is x where that is finite, and NaN where it is not; the sign of a zero aside. The
 * minimum and the maximum of a NaN and a number are the second operand, whichever that is. */
AVX2 ALWAYS_INLINE __m256 finite_or_nan(__m256 v)
{
    return _mm256_fmadd_ps(v, _mm256_setzero_ps(), v);
}

AVX2 bool quant_avx2_observe_each(const float *x, size_t n, float *least, float *greatest)
{
    __m256 nonfinite = _mm256_setzero_ps();
    size_t i = 0;
    for (; n - i >= LANES; i += LANES) {
        const __m256 v = finite_or_nan(_mm256_loadu_ps(x + i));
        _mm256_storeu_ps(least + i, _mm256_min_ps(v, _mm256_loadu_ps(least + i)));
        _mm256_storeu_ps(greatest + i, _mm256_max_ps(v, _mm256_loadu_ps(greatest + i)));
        nonfinite = _mm256_or_ps(nonfinite, _mm256_cmp_ps(v, v, _CMP_UNORD_Q));
    }
    const bool rest = quant_scalar_observe_each(x + i, n - i, least + i, greatest + i);
    return rest && _mm256_movemask_ps(nonfinite) == 0;
}

/* The candidates for a run's least and greatest element; and x * 0 added up, which is NaN where one
 * is not finite. */
struct seen {
    __m256 least, greatest, sum;
};

AVX2 ALWAYS_INLINE void see(struct seen *seen, __m256 v, bool skips_nonfinite)
{
    seen->sum = _mm256_fmadd_ps(v, _mm256_setzero_ps(), seen->sum);
    const __m256 w = skips_nonfinite ? finite_or_nan(v) : v;
    seen->least = _mm256_min_ps(w, seen->least);
    seen->greatest = _mm256_max_ps(w, seen->greatest);
}

/* A run of at least 8 elements, its last ones a second time where they fill no vector. */
AVX2 ALWAYS_INLINE struct seen see_run(const float *x, size_t run, bool skips_nonfinite)
{
    struct seen seen = {_mm256_set1_ps(INFINITY), _mm256_set1_ps(-INFINITY), _mm256_setzero_ps()};
    size_t i = 0;
    for (; run - i >= LANES; i += LANES) {
        __m256 v = _mm256_loadu_ps(x + i);
        KEEP_IN_REGISTER(v);
        see(&seen, v, skips_nonfinite);
    }
    if (i < run)
        see(&seen, _mm256_loadu_ps(x + run - LANES), skips_nonfinite);
    return seen;
}

/* Two vectors to one: what is less, or greater, of each two neighbours.
 *
 *     even   a0 b0 a1 b1 | a4 b4 a5 b5
 *     odd    a2 b2 a3 b3 | a6 b6 a7 b7
 */
AVX2 ALWAYS_INLINE __m256 halve(__m256 a, __m256 b, bool least)
{
    const __m256 even = _mm256_unpacklo_ps(a, b);
    const __m256 odd = _mm256_unpackhi_ps(a, b);
    return least ? _mm256_min_ps(even, odd) : _mm256_max_ps(even, odd);
}

/*
 * The extremes of eight vectors a .. h, each in the lane of its vector.
 *
 *     pairs   ae: a e a e | a e a e, each of two lanes;  bf, cg, dh as well
 *     fours   aceg: a c e g | a c e g, each of four lanes;  bdfh as well
 *     halves  a b c d | a b c d  and  e f g h | e f g h
 */
AVX2 ALWAYS_INLINE __m256 reduce_eight(const __m256 v[8], bool least)
{
    const __m256 ae = halve(v[0], v[4], least);
    const __m256 bf = halve(v[1], v[5], least);
    const __m256 cg = halve(v[2], v[6], least);
    const __m256 dh = halve(v[3], v[7], least);
    const __m256 aceg = halve(ae, cg, least);
    const __m256 bdfh = halve(bf, dh, least);
    const __m256 abcd = _mm256_unpacklo_ps(aceg, bdfh);
    const __m256 efgh = _mm256_unpackhi_ps(aceg, bdfh);
    const __m256 low = _mm256_permute2f128_ps(abcd, efgh, 0x20);
    const __m256 high = _mm256_permute2f128_ps(abcd, efgh, 0x31);
    return least ? _mm256_min_ps(low, high) : _mm256_max_ps(low, high);
}

/* count runs, at most eight, whose extremes become the first lanes. Returns whether all elements
 * are finite; without skipping what is not, the extremes are right only then. */
AVX2 ALWAYS_INLINE bool see_runs(const float *x, size_t count, size_t run, bool skips_nonfinite,
                                 __m256 *least, __m256 *greatest)
{
    __m256 low[LANES];
    __m256 high[LANES];
    __m256 sum = _mm256_setzero_ps();
    for (size_t k = 0; k < LANES; k++) {
        if (k < count) {
            const struct seen seen = see_run(x + k * run, run, skips_nonfinite);
            low[k] = seen.least;
            high[k] = seen.greatest;
            sum = _mm256_add_ps(sum, seen.sum);
        } else {
            low[k] = high[k] = low[0];
        }
    }
    *least = reduce_eight(low, true);
    *greatest = reduce_eight(high, false);
    return _mm256_movemask_ps(_mm256_cmp_ps(sum, sum, _CMP_UNORD_Q)) == 0;
}

AVX2 static bool see_runs_skipping(const float *x, size_t count, size_t run, __m256 *least,
                                   __m256 *greatest)
{
    return see_runs(x, count, run, true, least, greatest);
}

/* The first count lanes to arrays. */
AVX2 ALWAYS_INLINE void enter(__m256 least, __m256 greatest, size_t count, float *to_least,
                              float *to_greatest)
{
    if (count == LANES) {
        _mm256_storeu_ps(to_least, _mm256_min_ps(least, _mm256_loadu_ps(to_least)));
        _mm256_storeu_ps(to_greatest, _mm256_max_ps(greatest, _mm256_loadu_ps(to_greatest)));
        return;
    }
    float low[LANES];
    float high[LANES];
    _mm256_storeu_ps(low, least);
    _mm256_storeu_ps(high, greatest);
    for (size_t k = 0; k < count; k++) {
        to_least[k] = fminf(to_least[k], low[k]);
        to_greatest[k] = fmaxf(to_greatest[k], high[k]);
    }
}

/* From so many elements on a run takes observe, which is made for long arrays. */
enum { LONG_RUN = 512 };

static bool observe_long_runs(const float *x, size_t nruns, size_t run, float *least,
                              float *greatest)
{
    bool all_finite = true;
    for (size_t i = 0; i < nruns; i++) {
        struct quant_observed observed = QUANT_OBSERVED_INIT;
        quant_avx2_observe(x + i * run, run, &observed);
        least[i] = fminf(least[i], observed.least);
        greatest[i] = fmaxf(greatest[i], observed.greatest);
        all_finite = all_finite && observed.nonfinite == 0;
    }
    return all_finite;
}

AVX2 bool quant_avx2_observe_runs(const float *x, size_t nruns, size_t run, float *least,
                                  float *greatest)
{
    if (run < LANES)
        return quant_scalar_observe_runs(x, nruns, run, least, greatest);
    if (run >= LONG_RUN)
        return observe_long_runs(x, nruns, run, least, greatest);
    bool all_finite = true;
    for (size_t i = 0; i < nruns; i += LANES) {
        const size_t count = nruns - i < LANES ? nruns - i : LANES;
        __m256 low;
        __m256 high;
        if (!see_runs(x + i * run, count, run, false, &low, &high)) {
            (void)see_runs_skipping(x + i * run, count, run, &low, &high);
            all_finite = false;
        }
        enter(low, high, count, least + i, greatest + i);
    }
    return all_finite;
}

/* ---- Quantizing ---- */

enum packing { TO_INT8, TO_UINT8, TO_NIBBLES, TO_INT16, TO_UINT16 };

AVX2 ALWAYS_INLINE unsigned char *place_of(void *q, size_t i, enum packing packing)
{
    unsigned char *bytes = q;
    return bytes + (packing == TO_NIBBLES ? i / 2 : packing < TO_NIBBLES ? i : 2 * i);
}

/* Whether quant_zero_point_is_near of 32 of them. */
AVX2 ALWAYS_INLINE bool are_near(const int32_t *zero_points)
{
    const __m256i most = _mm256_set1_epi32(1 << 22);
    __m256i greatest = most;
    for (size_t k = 0; k < 4; k++) {
        const __m256i z = _mm256_loadu_si256((const __m256i *)(zero_points + LANES * k));
        greatest = _mm256_max_epu32(greatest, _mm256_abs_epi32(z)); /* 2^31 of the least number */
    }
    return _mm256_movemask_epi8(_mm256_cmpeq_epi32(greatest, most)) == -1;
}

AVX2 ALWAYS_INLINE __m256i divide_each(const struct quant_params *common, const float *scales,
                                       const int32_t *zero_points, const float *x)
{
    const __m256i z = _mm256_loadu_si256((const __m256i *)zero_points);
    const __m256 as_float = _mm256_cvtepi32_ps(z);
    const struct division by = {
        .scale = _mm256_loadu_ps(scales),
        .lowest = _mm256_sub_ps(_mm256_set1_ps((float)common->qmin), as_float),
        .highest = _mm256_sub_ps(_mm256_set1_ps((float)common->qmax), as_float),
        .zero_point = z,
        .half_away = common->rounding == QUANT_HALF_AWAY,
    };
    return divide(&by, x);
}

AVX2 ALWAYS_INLINE void pack(const __m256i v[4], enum packing packing, unsigned char *q)
{
    switch (packing) {
    case TO_INT8:
    case TO_UINT8:
        _mm256_storeu_si256((__m256i *)q, pack_bytes(v, packing == TO_UINT8));
        return;
    case TO_NIBBLES:
        _mm_storeu_si128((__m128i *)q, pack_nibbles(v));
        return;
    case TO_INT16:
    case TO_UINT16:
        _mm256_storeu_si256((__m256i *)q, pack_words(v[0], v[1], packing == TO_UINT16));
        _mm256_storeu_si256((__m256i *)(q + sizeof(__m256i)),
                            pack_words(v[2], v[3], packing == TO_UINT16));
        return;
    }
}

AVX2 ALWAYS_INLINE void quantize_each(const struct quant_params *common, const float *scales,
                                      const int32_t *zero_points, const float *x, size_t n, void *q,
                                      enum packing packing, quant_quantize_each_fn *scalar)
{
    size_t i = 0;
    for (; n - i >= STEP; i += STEP) {
        if (!are_near(zero_points + i)) {
            scalar(common, scales + i, zero_points + i, x + i, STEP, place_of(q, i, packing));
            continue;
        }
        __m256i v[4];
        for (size_t k = 0; k < 4; k++) {
            const size_t at = i + LANES * k;
            v[k] = divide_each(common, scales + at, zero_points + at, x + at);
        }
        pack(v, packing, place_of(q, i, packing));
    }
    scalar(common, scales + i, zero_points + i, x + i, n - i, place_of(q, i, packing));
}

#define DEFINE_EACH(name, packing)                                                                 \
    AVX2 void quant_avx2_quantize_each_##name(const struct quant_params *common,                   \
                                              const float *scales, const int32_t *zero_points,     \
                                              const float *x, size_t n, void *q)                   \
    {                                                                                              \
        quantize_each(common, scales, zero_points, x, n, q, packing,                               \
                      quant_scalar_quantize_each_##name);                                          \
    }

DEFINE_EACH(int8, TO_INT8)
DEFINE_EACH(uint8, TO_UINT8)
DEFINE_EACH(nibbles, TO_NIBBLES)
DEFINE_EACH(int16, TO_INT16)
DEFINE_EACH(uint16, TO_UINT16)

/* To 8 bits of float: divided piece by piece, then as with the scale 1, by which dividing changes
 * nothing. */
AVX2 static void quantize_each_float8(const struct quant_params *common, const float *scales,
                                      const float *x, size_t n, uint8_t *q,
                                      quant_quantize_fn *quantize)
{
    enum { PIECE = 512 };
    struct quant_params params = *common;
    params.scale = 1;
    float quotients[PIECE];
    while (n > 0) {
        const size_t piece = n < PIECE ? n : PIECE;
        size_t i = 0;
        for (; piece - i >= LANES; i += LANES)
            _mm256_storeu_ps(quotients + i,
                             _mm256_div_ps(_mm256_loadu_ps(x + i), _mm256_loadu_ps(scales + i)));
        for (; i < piece; i++)
            quotients[i] = x[i] / scales[i];
        quantize(&params, quotients, piece, q);
        x += piece;
        scales += piece;
        q += piece;
        n -= piece;
    }
}

AVX2 void quant_avx2_quantize_each_float8_e4m3fn(const struct quant_params *common,
                                                 const float *scales, const int32_t *zero_points,
                                                 const float *x, size_t n, void *q)
{
    (void)zero_points; /* which are 0 */
    quantize_each_float8(common, scales, x, n, q, quant_avx2_quantize_float8_e4m3fn);
}

AVX2 void quant_avx2_quantize_each_float8_e5m2(const struct quant_params *common,
                                               const float *scales, const int32_t *zero_points,
                                               const float *x, size_t n, void *q)
{
    (void)zero_points;
    quantize_each_float8(common, scales, x, n, q, quant_avx2_quantize_float8_e5m2);
}

/* ---- Dequantizing ---- */

/* Integers of at most 16 bits less a near zero point are exact; and 0 taken off any float leaves
 * it, which where the zero point is 0 need not be one of those. */
AVX2 void quant_avx2_scale_each(const float *scales, const int32_t *zero_points, size_t n, float *x)
{
    size_t i = 0;
    for (; n - i >= STEP; i += STEP) {
        if (!are_near(zero_points + i)) {
            quant_scalar_scale_each(scales + i, zero_points + i, STEP, x + i);
            continue;
        }
        for (size_t at = i; at < i + STEP; at += LANES) {
            const __m256i z = _mm256_loadu_si256((const __m256i *)(zero_points + at));
            const __m256 steps = _mm256_sub_ps(_mm256_loadu_ps(x + at), _mm256_cvtepi32_ps(z));
            _mm256_storeu_ps(x + at, _mm256_mul_ps(steps, _mm256_loadu_ps(scales + at)));
        }
    }
    quant_scalar_scale_each(scales + i, zero_points + i, n - i, x + i);
}

#endif
