/* SPDX-License-Identifier: MIT */
/* Counts of notes and the first groups that have them, added in any order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/group_notes.h"

static void test_add(void **state)
{
    (void)state;
    struct quant_group_notes notes = {{0}, {0}};
    assert_int_equal(quant_group_notes_any(&notes), 0);
    quant_group_notes_add(&notes, 7, QUANT_NOTE_SCALE_RAISED);
    quant_group_notes_add(&notes, 3, QUANT_NOTE_SCALE_RAISED | QUANT_NOTE_ZERO_POINT_OUTSIDE);
    quant_group_notes_add(&notes, 0, 0);
    quant_group_notes_add(&notes, 9, QUANT_NOTE_SCALE_RAISED);
    assert_int_equal(quant_group_notes_any(&notes),
                     QUANT_NOTE_SCALE_RAISED | QUANT_NOTE_ZERO_POINT_OUTSIDE);
    assert_int_equal(notes.count[0], 1);
    assert_int_equal(notes.first[0], 3);
    assert_int_equal(notes.count[1], 0);
    assert_int_equal(notes.count[2], 3);
    assert_int_equal(notes.first[2], 3);
}

static void test_join(void **state)
{
    (void)state;
    struct quant_group_notes all = {{0}, {0}};
    struct quant_group_notes part = {{0}, {0}};
    quant_group_notes_add(&part, 12, QUANT_NOTE_SCALE_RAISED);
    quant_group_notes_join(&all, &part);
    part = (struct quant_group_notes){{0}, {0}};
    quant_group_notes_join(&all, &part); /* nothing, whatever its first is */
    quant_group_notes_add(&part, 4, QUANT_NOTE_SCALE_RAISED);
    quant_group_notes_add(&part, 5, QUANT_NOTE_SCALE_RAISED);
    quant_group_notes_join(&all, &part);
    assert_int_equal(all.count[2], 3);
    assert_int_equal(all.first[2], 4);
    assert_int_equal(quant_group_notes_any(&all), QUANT_NOTE_SCALE_RAISED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_join),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
