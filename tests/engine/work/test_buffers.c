/* SPDX-License-Identifier: MIT */
/* Buffers have room for what is asked, are only allocated anew to grow, and start empty. */
#include <string.h>

#include "../../support/unit.h"

#include "engine/work/buffers.h"
#include "formats/format.h"

enum { N = 3 };

static void reserve(struct quant_buffers *buffers, size_t capacity,
                    struct quant_buffers_needs needs)
{
    struct quant_error error;
    assert_int_equal(quant_buffers_reserve(buffers, N, capacity, &needs, &error), QUANT_OK);
}

/* Sanitizers see a write that is outside. */
static void fill(struct quant_buffers *buffers, size_t capacity)
{
    for (size_t i = 0; i < N; i++) {
        memset(buffers[i].q, 1, capacity * sizeof *buffers[i].q);
        memset(buffers[i].stage, 2, QUANT_STAGE_BYTES);
        if (buffers[i].x)
            memset(buffers[i].x, 3, capacity * sizeof *buffers[i].x);
        if (buffers[i].restored)
            memset(buffers[i].restored, 4, capacity * sizeof *buffers[i].restored);
        if (buffers[i].part)
            memset(buffers[i].part, 5, sizeof *buffers[i].part);
    }
}

static void test_needs(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        const struct quant_buffers_needs needs = {.x = i & 1, .restored = i & 2, .part = i & 4};
        struct quant_buffers buffers[N] = {{.x = NULL}};
        reserve(buffers, 100, needs);
        for (size_t k = 0; k < N; k++) {
            assert_non_null(buffers[k].q);
            assert_non_null(buffers[k].stage);
            assert_int_equal(buffers[k].x != NULL, needs.x);
            assert_int_equal(buffers[k].restored != NULL, needs.restored);
            assert_int_equal(buffers[k].part != NULL, needs.part);
        }
        fill(buffers, 100);
        quant_buffers_release(buffers, N);
        assert_null(buffers[0].q);
        assert_int_equal(buffers[0].capacity, 0);
    }
}

/* A part that another tensor has used would count that one's levels too. */
static void test_cleared(void **state)
{
    (void)state;
    static const struct quant_measure_part zeros;
    struct quant_buffers buffers[N] = {{.x = NULL}};
    for (int i = 0; i < 2; i++) {
        reserve(buffers, 10, (struct quant_buffers_needs){.part = true});
        for (size_t k = 0; k < N; k++)
            assert_memory_equal(buffers[k].part, &zeros, sizeof zeros);
        fill(buffers, 10);
    }
    quant_buffers_release(buffers, N);
}

/* Less room, or other needs, do not move what is there. */
static void test_kept(void **state)
{
    (void)state;
    struct quant_buffers buffers[N] = {{.x = NULL}};
    reserve(buffers, 100, (struct quant_buffers_needs){.x = true});
    const float *x = buffers[1].x;
    const int32_t *q = buffers[1].q;
    const unsigned char *stage = buffers[1].stage;
    reserve(buffers, 0, (struct quant_buffers_needs){.part = true});
    reserve(buffers, 100, (struct quant_buffers_needs){.x = true, .restored = true});
    assert_ptr_equal(buffers[1].x, x);
    assert_ptr_equal(buffers[1].q, q);
    assert_non_null(buffers[1].restored);
    assert_non_null(buffers[1].part);
    fill(buffers, 100);
    reserve(buffers, 1000, (struct quant_buffers_needs){.x = true});
    assert_ptr_equal(buffers[1].stage, stage);
    fill(buffers, 1000);
    quant_buffers_release(buffers, N);
}

/* A thousand rising sizes are not a thousand allocations. */
static void test_growth(void **state)
{
    (void)state;
    struct quant_buffers buffers[N] = {{.x = NULL}};
    size_t growths = 0;
    for (size_t capacity = 0; capacity <= 1000; capacity++) {
        const size_t before = buffers[0].capacity;
        reserve(buffers, capacity, (struct quant_buffers_needs){.x = true});
        assert_true(buffers[0].capacity >= capacity);
        growths += buffers[0].capacity != before;
    }
    fill(buffers, 1000);
    assert_true(growths <= 12);
    reserve(buffers, 100000, (struct quant_buffers_needs){.x = true});
    assert_int_equal(buffers[0].capacity, 100000); /* no more than that at once */
    quant_buffers_release(buffers, N);
}

/* An allocation that no machine can make is an error, and leaves nothing that cannot be freed. */
static void test_no_memory(void **state)
{
    (void)state;
    struct quant_buffers buffers[N] = {{.x = NULL}};
    struct quant_error error;
    const struct quant_buffers_needs needs = {.x = true};
    reserve(buffers, 100, needs);
    assert_int_equal(quant_buffers_reserve(buffers, N, (size_t)1 << 60, &needs, &error),
                     QUANT_NO_MEMORY);
    reserve(buffers, 50, needs);
    fill(buffers, 50);
    quant_buffers_release(buffers, N);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_needs),     cmocka_unit_test(test_cleared),
        cmocka_unit_test(test_kept),      cmocka_unit_test(test_growth),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
