/* SPDX-License-Identifier: MIT */
/* What check_kernels does with a call of any kind: fill, run, compare, at any place in memory. */
#include "kinds.h"

#include <stdlib.h>
#include <string.h>

/* ---- Sizes ----------------------------------------------------------------------------------- */

size_t bytes_of_floats(const struct call *call)
{
    return call->n * sizeof(float);
}

size_t bytes_of_doubles(const struct call *call)
{
    return call->n * sizeof(double);
}

size_t bytes_of_elements(const struct call *call)
{
    return (size_t)quant_dtype_bytes(call->dtype, call->n);
}

size_t bytes_of_runs(const struct call *call)
{
    return (call->n + call->run - 1) / call->run * sizeof(float);
}

static size_t alignment_of(const struct kind *kind, size_t array, enum quant_dtype dtype)
{
    const size_t alignment = kind->arrays[array].alignment;
    return alignment > 0 ? alignment : (size_t)quant_dtype_bytes(dtype, 1);
}

/* ---- One call -------------------------------------------------------------------------------- */

static unsigned long long compared;

unsigned long long work_compared(void)
{
    return compared;
}

static void *allocate(size_t nbytes)
{
    void *memory = malloc(nbytes + 1);
    assert_non_null(memory);
    return memory;
}

void work_begin(struct work *work, const struct kind *kind, enum quant_dtype dtype,
                size_t max_elements)
{
    *work = (struct work){.kind = kind, .max_elements = max_elements};
    work->call = (struct call){.dtype = dtype, .n = max_elements, .run = 1};
    for (size_t i = 0; kind->arrays[i].name; i++) {
        const size_t nbytes = kind->arrays[i].nbytes(&work->call);
        const bool is_result = kind->arrays[i].is_result;
        work->call.arrays[i] = allocate(nbytes);
        work->expected.arrays[i] = is_result ? allocate(nbytes) : work->call.arrays[i];
        work->found.arrays[i] = is_result ? allocate(nbytes) : work->call.arrays[i];
    }
}

void work_end(struct work *work)
{
    for (size_t i = 0; work->kind->arrays[i].name; i++) {
        free(work->call.arrays[i]);
        if (work->kind->arrays[i].is_result) {
            free(work->expected.arrays[i]);
            free(work->found.arrays[i]);
        }
        if (work->is_guarded)
            guarded_free(&work->guarded[i]);
    }
}

void work_fill(struct work *work, struct random *random, size_t n, size_t round)
{
    struct call *call = &work->call;
    const struct kind *kind = work->kind;
    call->n = n;
    call->run = 1;
    if (kind->shape)
        kind->shape(call, round);
    assert_true(call->n <= work->max_elements);
    for (size_t i = 0; kind->arrays[i].name; i++)
        if (kind->arrays[i].is_result)
            memset(call->arrays[i], GUARDED_CANARY, kind->arrays[i].nbytes(call));
    kind->fill(random, round, call);
}

/* Copies the inputs; the copy keeps its own result arrays. */
static void copy_call(const struct work *work, struct call *copy)
{
    void *arrays[MAX_ARRAYS];
    memcpy(arrays, copy->arrays, sizeof arrays);
    *copy = work->call;
    memcpy(copy->arrays, arrays, sizeof arrays);
    for (size_t i = 0; work->kind->arrays[i].name; i++)
        if (work->kind->arrays[i].is_result)
            memcpy(arrays[i], work->call.arrays[i], work->kind->arrays[i].nbytes(copy));
}

void work_expect(struct work *work)
{
    copy_call(work, &work->expected);
    if (work->kind->reference)
        work->kind->reference(&work->expected);
    else
        work->kind->run(&quant_kernels_scalar, &work->expected);
}

/* The bytes of array i around its element at `unit`, as text. */
static void print_unit(const struct kind *kind, const struct call *call, size_t i, size_t unit,
                       const char *who)
{
    const size_t size = alignment_of(kind, i, call->dtype);
    uint64_t bits = 0;
    if ((unit + 1) * size > kind->arrays[i].nbytes(call) || size > sizeof bits)
        return;
    memcpy(&bits, (const unsigned char *)call->arrays[i] + unit * size, size);
    print_error("  %s%s[%zu]: 0x%llx\n", who, kind->arrays[i].name, unit, (unsigned long long)bits);
}

/* The first unit of array i where two calls differ; 0 if they do not. */
static size_t first_difference(const struct kind *kind, const struct call *found,
                               const struct call *expected, size_t i)
{
    const size_t size = alignment_of(kind, i, found->dtype);
    const size_t nunits = kind->arrays[i].nbytes(found) / size;
    const unsigned char *a = found->arrays[i];
    const unsigned char *b = expected->arrays[i];
    size_t unit = 0;
    while (unit < nunits && memcmp(a + unit * size, b + unit * size, size) == 0)
        unit++;
    return unit < nunits ? unit : 0;
}

/* Prints the first difference of each result, and the inputs at the same place. */
static void fail_call(const struct work *work, const struct quant_kernels *row,
                      const struct call *found, const char *what)
{
    const struct kind *kind = work->kind;
    const struct call *expected = &work->expected;
    const struct quant_params *params = &found->params;
    const struct quant_observed *seen[2] = {&found->observed, &expected->observed};
    for (size_t i = 0; kind->arrays[i].name; i++) {
        if (!kind->arrays[i].is_result)
            continue;
        const size_t unit = first_difference(kind, found, expected, i);
        const size_t nunits = kind->arrays[i].nbytes(found) / alignment_of(kind, i, found->dtype);
        print_unit(kind, found, i, unit, "found ");
        print_unit(kind, expected, i, unit, "expected ");
        for (size_t k = 0; kind->arrays[k].name && nunits > 0; k++) {
            const size_t size = alignment_of(kind, k, found->dtype);
            print_unit(kind, &work->call, k, unit * (kind->arrays[k].nbytes(found) / size) / nunits,
                       "input ");
        }
    }
    for (size_t i = 0; i < 2; i++)
        print_error("  %s: returned %d; observed %llu, %llu not finite, first %llu, %a to %a; "
                    "max error %a at %zu, clipped %llu, zeroed %llu, flipped %llu\n",
                    i ? "expected" : "found", i ? expected->returned : found->returned,
                    (unsigned long long)seen[i]->count, (unsigned long long)seen[i]->nonfinite,
                    (unsigned long long)seen[i]->first_nonfinite, (double)seen[i]->min,
                    (double)seen[i]->max, (i ? expected : found)->block.max_abs_error,
                    (i ? expected : found)->block.max_abs_error_index,
                    (unsigned long long)(i ? expected : found)->block.clipped,
                    (unsigned long long)(i ? expected : found)->block.zeroed,
                    (unsigned long long)(i ? expected : found)->block.sign_flipped);
    if (work->is_guarded)
        print_error("  shifts %ld, %ld, %ld, %ld, %ld (-1: at the end)\n", work->shifts[0],
                    work->shifts[1], work->shifts[2], work->shifts[3], work->shifts[4]);
    fail_msg("%s, %s%s%s, %s: n %zu, run %zu, first lane %zu, big %d; scale %a, z %d, %d..%d, "
             "rounding %d",
             row->name, kind->name, kind->is_for ? " of " : "",
             kind->is_for ? quant_dtype_info(found->dtype)->name : "", what, found->n, found->run,
             found->first_lane, found->big, (double)params->scale, params->zero_point, params->qmin,
             params->qmax, (int)params->rounding);
}

static bool same_bytes(const struct kind *kind, const struct call *found,
                       const struct call *expected)
{
    for (size_t i = 0; kind->arrays[i].name; i++)
        if (kind->arrays[i].is_result &&
            memcmp(found->arrays[i], expected->arrays[i], kind->arrays[i].nbytes(found)) != 0)
            return false;
    return true;
}

static void compare_results(struct work *work, const struct quant_kernels *row,
                            const struct call *found, const char *what)
{
    const struct kind *kind = work->kind;
    compared++;
    if (kind->same ? !kind->same(found, &work->expected)
                   : !same_bytes(kind, found, &work->expected))
        fail_call(work, row, found, what);
}

void work_compare(struct work *work, const struct quant_kernels *row, const char *what)
{
    work_expect(work);
    copy_call(work, &work->found);
    work->kind->run(row, &work->found);
    compare_results(work, row, &work->found, what);
}

/* ---- Places ---------------------------------------------------------------------------------- */

static void guard(struct work *work)
{
    const struct kind *kind = work->kind;
    struct call largest = {
        .dtype = work->call.dtype, .n = work->max_elements + MAX_SHIFT, .run = 1};
    for (size_t i = 0; kind->arrays[i].name && !work->is_guarded; i++) {
        const size_t shifts = MAX_SHIFT * alignment_of(kind, i, work->call.dtype);
        work->guarded[i] = guarded_new(kind->arrays[i].nbytes(&largest) + shifts);
    }
    work->is_guarded = true;
}

void work_compare_placed(struct work *work, const struct quant_kernels *row,
                         const long shifts[MAX_ARRAYS])
{
    const struct kind *kind = work->kind;
    struct call placed = work->call;
    guard(work);
    for (size_t i = 0; kind->arrays[i].name; i++) {
        const size_t nbytes = kind->arrays[i].nbytes(&placed);
        const long step = (long)alignment_of(kind, i, placed.dtype);
        placed.arrays[i] =
            guarded_place(&work->guarded[i], shifts[i] < 0 ? -1 : shifts[i] * step, nbytes);
        guarded_arm(&work->guarded[i], placed.arrays[i], nbytes);
        memcpy(placed.arrays[i], work->call.arrays[i], nbytes);
    }
    kind->run(row, &placed);
    memcpy(work->shifts, shifts, sizeof work->shifts);
    compare_results(work, row, &placed, "placed");
    for (size_t i = 0; kind->arrays[i].name; i++) {
        const size_t nbytes = kind->arrays[i].nbytes(&placed);
        if (!guarded_intact(&work->guarded[i], placed.arrays[i], nbytes))
            fail_msg("%s, %s, n %zu, shift %ld: bytes around %s changed", row->name, kind->name,
                     placed.n, shifts[i], kind->arrays[i].name);
        if (!kind->arrays[i].is_result &&
            memcmp(placed.arrays[i], work->call.arrays[i], nbytes) != 0)
            fail_msg("%s, %s, n %zu: %s changed, which is an input", row->name, kind->name,
                     placed.n, kind->arrays[i].name);
    }
}

/* ---- The checks of every kind ---------------------------------------------------------------- */

/* Not optimized, or emulated, as a row is that is selected: less of what is repeated. */
static bool is_slow(void)
{
    return IS_SLOW_BUILD || getenv("QUANT_TEST_ROW") != NULL;
}

void check_values(const struct kind *kind, const struct quant_kernels *row)
{
    struct random random = random_begin();
    for (size_t dtype = 0; dtype < kind->nmembers; dtype++) {
        struct work work;
        if (!kind_is_checked(kind, row, (enum quant_dtype)dtype))
            continue;
        work_begin(&work, kind, (enum quant_dtype)dtype, VALUES);
        for (size_t round = 0; round < kind->nrounds; round += is_slow() ? 3 : 1) {
            work_fill(&work, &random, VALUES, round);
            work_compare(&work, row, "values");
            if (round % 4 > 0)
                continue;
            work_fill(&work, &random, random_below(&random, VALUES + 1), round);
            work_compare(&work, row, "values");
        }
        work_end(&work);
    }
}

/* For the row that the others are compared with, two shifts meet at every fourth length only, and
 * at every 24th if it would be slow. Each length still meets every shift of the first and of the
 * last array. `turn` differs between the inputs of one length. */
static bool is_compared(const struct kind *kind, const struct quant_kernels *row, size_t turn,
                        long first, long last)
{
    const size_t min_thin = is_slow() ? 24 : row == &quant_kernels_scalar ? 4 : 1;
    const size_t thin = kind->placed.thin > min_thin ? kind->placed.thin : min_thin;
    return first < 0 || last < 0 || (turn + (size_t)first + (size_t)last) % thin == 0;
}

/* Every shift of the first array with every shift of the last; those between follow them. */
static void compare_shifts(struct work *work, const struct quant_kernels *row, size_t turn)
{
    size_t narrays = 0;
    while (work->kind->arrays[narrays].name)
        narrays++;
    for (long first = -1; first < MAX_SHIFT; first++)
        for (long last = -1; last < MAX_SHIFT; last++) {
            long shifts[MAX_ARRAYS] = {first, first, first, first, first};
            if (narrays > 1 ? !is_compared(work->kind, row, turn, first, last) : last != first)
                continue;
            for (size_t i = 1; i + 1 < narrays && first >= 0; i++)
                shifts[i] = (long)((size_t)(first + last + 1) * i % MAX_SHIFT);
            if (narrays > 1)
                shifts[narrays - 1] = last;
            work_compare_placed(work, row, shifts);
        }
}

void check_places(const struct kind *kind, const struct quant_kernels *row)
{
    struct random random = random_begin();
    for (size_t dtype = 0; dtype < kind->nmembers; dtype++) {
        struct work work;
        if (!kind_is_checked(kind, row, (enum quant_dtype)dtype))
            continue;
        work_begin(&work, kind, (enum quant_dtype)dtype, MAX_PLACED);
        for (size_t n = 0; n <= MAX_PLACED; n++)
            for (size_t k = 0; k < kind->placed.count; k++) {
                const size_t round =
                    kind->placed.first + k * kind->placed.stride + n * kind->placed.by_length;
                work_fill(&work, &random, n, round);
                work_expect(&work);
                compare_shifts(&work, row, n + k);
            }
        work_end(&work);
    }
}

/* Without elements, not even 0 may be added to the pointers: they are NULL. */
void check_nothing(const struct kind *kind, const struct quant_kernels *row)
{
    for (size_t dtype = 0; dtype < kind->nmembers; dtype++) {
        struct call call = {.dtype = (enum quant_dtype)dtype, .run = 1};
        call.params = (struct quant_params){
            .dtype = (enum quant_dtype)dtype, .qmin = 1, .qmax = 127, .scale = 1};
        call.observed = (struct quant_observed)QUANT_OBSERVED_INIT;
        if (!kind_is_checked(kind, row, (enum quant_dtype)dtype))
            continue;
        kind->run(row, &call);
        assert_int_equal(call.observed.count, 0);
        compared++;
    }
}
