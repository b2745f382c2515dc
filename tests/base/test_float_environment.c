/* SPDX-License-Identifier: MIT */
/* The default environment inside, the caller's before and after. */
#include "base/float_environment.h"

#include <pthread.h>

#include "support/environments.h"
#include "support/unit.h"

/* The compiler must not compute them itself. */
static volatile float one = 1;
static volatile float three = 3;
static volatile float smallest_normal = 0x1p-126F;
static volatile float half = 0.5F;

/* Rounding to nearest, subnormals kept, and an inexact result that does not trap. */
static bool is_default(void)
{
    const volatile float third = one / three;
    const volatile float negative = -one / three;
    const volatile float subnormal = smallest_normal * half;
    const volatile float again = subnormal / half;
    return third == 0x1.555556p-2F && negative == -0x1.555556p-2F && again == smallest_normal;
}

static void inside_is_default(void **state)
{
    (void)state;
    for (size_t i = 0; i < environment_count(); i++) {
        environment_set(i);
        bool is_plain;
        {
            QUANT_DEFAULT_FLOATS(caller);
            is_plain = is_default();
        }
        const char *changed = environment_changed(i);
        environment_reset();
        if (changed)
            fail_msg("environment %zu: %s has changed", i, changed);
        assert_true(is_plain);
    }
}

static bool compute(void)
{
    QUANT_DEFAULT_FLOATS(caller);
    {
        QUANT_DEFAULT_FLOATS(again);
        if (!is_default())
            return false;
    }
    return is_default();
}

static void calls_within_calls_and_returns(void **state)
{
    (void)state;
    for (size_t i = 0; i < environment_count(); i++) {
        environment_set(i);
        const bool is_plain = compute();
        const char *changed = environment_changed(i);
        environment_reset();
        assert_null(changed);
        assert_true(is_plain);
    }
}

static void *look(void *context)
{
    *(bool *)context = is_default();
    return NULL;
}

static bool compute_in_thread(void)
{
    QUANT_DEFAULT_FLOATS(caller);
    pthread_t thread;
    bool is_plain = false;
    if (pthread_create(&thread, NULL, look, &is_plain) == 0)
        pthread_join(thread, NULL);
    return is_plain;
}

static void threads_start_with_the_default(void **state)
{
    (void)state;
    for (size_t i = 0; i < environment_count(); i++) {
        environment_set(i);
        const bool is_plain = compute_in_thread();
        environment_reset();
        assert_true(is_plain);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inside_is_default),
        cmocka_unit_test(calls_within_calls_and_returns),
        cmocka_unit_test(threads_start_with_the_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
