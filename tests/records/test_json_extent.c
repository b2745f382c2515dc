/* SPDX-License-Identifier: MIT */
/* Where a JSON value ends, in one piece or in two cut anywhere. */
#include "../support/unit.h"

#include <string.h>

#include "records/json_extent.h"

static const struct {
    const char *text;
    size_t end; /* of the first byte that is outside, or the length */
} rows[] = {
    {"7,8", 1},
    {"7", 1},
    {"", 0},
    {",", 0},
    {" [1, 2] }", 8},
    {"{\"a\": [1, {}], \"b\": 2}, 3", 22},
    {"\"a,b\\\",]\", 1", 9},
    {"\"\\\\\", 1", 4},
    {"{\"}\": \"]\\\\\"}]", 12},
    {"[[[", 3},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(rows); i++) {
        const char *text = rows[i].text;
        const char *end = text + strlen(text);
        for (const char *cut = text; cut <= end; cut++) {
            struct quant_json_extent extent = {.depth = 0};
            const char *found = quant_json_extent_end(&extent, text, cut);
            if (found == cut)
                found = quant_json_extent_end(&extent, cut, end);
            assert_int_equal(found - text, rows[i].end);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
