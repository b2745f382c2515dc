/* SPDX-License-Identifier: MIT */
/* Which names a pattern matches, and which tensors a selection has. */
#include <quant/select.h>

#include <string.h>

#include "../support/unit.h"

struct row {
    const char *pattern;
    const char *name;
    bool matches;
};

static const struct row rows[] = {
    {"", "", true},
    {"", "a", false},
    {"a", "", false},
    {"a", "a", true},
    {"a", "A", false},
    {"a", "ab", false},
    {"ab", "a", false},
    /* Stars. */
    {"*", "", true},
    {"*", "a/b.c", true},
    {"**", "a", true},
    {"*a", "aaa", true},
    {"*a", "aab", false},
    {"a*", "a", true},
    {"a*b", "ab", true},
    {"a*b", "a.b/b", true},
    {"a*b", "abc", false},
    {"model.*.weight", "model.layers.0.self_attn.weight", true},
    {"model.*.weight", "model.weight", false},
    {"*.0.*", "layers.10.0.w", true},
    {"*.0.*", "layers.10.w", false},
    {"*ab*abc", "abababc", true},
    {"*a*b*c*", "xxaxxbxxc", true},
    {"*a*b*c*", "xxaxxcxxb", false},
    /* One character. */
    {"?", "", false},
    {"?", "/", true},
    {"?", "ab", false},
    {"w?", "w.", true},
    {"?", "\xC3\xBC", true},         /* u umlaut */
    {"??", "\xC3\xBC", false},       /* is one character */
    {"?", "\xF0\x9F\x98\x80", true}, /* and so is this */
    {"?", "\xFF", true},             /* what is not UTF-8 is bytes */
    {"??", "\xC3z", true},
    {"??", "\xC3\xBC\xFF", true},
    {"??", "\xC0\x80", true}, /* as is what is longer than needed, */
    {"???", "\xE0\x9F\xBF", true},
    {"????", "\xF0\x8F\xBF\xBF", true},
    {"???", "\xED\xA0\x80", true},      /* half of a surrogate pair */
    {"????", "\xF4\x90\x80\x80", true}, /* and what is beyond all characters */
    {"????", "\xF8\x80\x80\x80", true},
    {"[\xC3\x80-\xC3\xBF]", "\xC3\x9F", true},
    {"\xFF", "\xFF", true},
    {"\xFF", "\xFE", false},
    {"\xE9", "\xC3\xA9", false}, /* the byte E9, and the character U+00E9 */
    {"*\xC3\xBC", "gr\xC3\xBC", true},
    /* Sets. */
    {"[ab]", "a", true},
    {"[ab]", "b", true},
    {"[ab]", "c", false},
    {"[ab]", "", false},
    {"[ab]", "ab", false},
    {"w[0-3]", "w2", true},
    {"w[0-3]", "w4", false},
    {"w[!0-3]", "w4", true},
    {"w[^0-3]", "w4", true},
    {"w[!0-3]", "w3", false},
    {"w[!0-3]", "w", false},
    {"[]a]", "]", true},
    {"[]a]", "a", true},
    {"[!]a]", "]", false},
    {"[!]a]", "b", true},
    {"[a-]", "-", true},
    {"[-a]", "-", true},
    {"[a-]", "b", false},
    {"[a/]", "/", true},
    {"[\xC3\xA4-\xC3\xBC]", "\xC3\xB6", true}, /* from a to u umlaut, o umlaut */
    {"[\xC3\xA4-\xC3\xBC]", "z", false},
    {"[\\]x]", "]", true},
    {"[\\]x]", "x", true},
    {"[\\]x]", "\\", false},
    {"*[qkv]_proj*", "layers.3.k_proj.weight", true},
    {"*[qkv]_proj*", "layers.3.o_proj.weight", false},
    /* Never closed: an ordinary character. */
    {"[", "[", true},
    {"a[b", "a[b", true},
    {"[]", "[]", true},
    {"[a-", "[a-", true},
    {"[!", "[!", true},
    /* Taken literally. */
    {"\\*", "*", true},
    {"\\*", "a", false},
    {"\\?", "?", true},
    {"\\[a]", "[a]", true},
    {"\\\\", "\\", true},
    {"a\\", "a\\", true},
    {"\\a", "a", true},
    {"]", "]", true},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(rows); i++)
        if (quant_name_matches(rows[i].pattern, rows[i].name) != rows[i].matches)
            fail_msg("'%s' and '%s'", rows[i].pattern, rows[i].name);
}

/* A matcher that tries all that each star can take would need some 10^12 steps. */
static void test_many_stars(void **state)
{
    (void)state;
    char name[2001];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_true(quant_name_matches("*a*a*a*a*a*a*a*a*a*a*", name));
    assert_false(quant_name_matches("*a*a*a*a*a*a*a*a*a*a*b", name));
}

static void test_selection(void **state)
{
    (void)state;
    static const char *const include[] = {"*.weight", "head*"};
    static const char *const exclude[] = {"*embed*"};
    const struct quant_selection all = {.ninclude = 0};
    const struct quant_selection some = {include, 2, NULL, 0};
    const struct quant_selection others = {NULL, 0, exclude, 1};
    const struct quant_selection both = {include, 2, exclude, 1};
    assert_true(quant_selection_has(&all, "x"));
    assert_true(quant_selection_has(&some, "a.weight"));
    assert_true(quant_selection_has(&some, "head"));
    assert_false(quant_selection_has(&some, "a.bias"));
    assert_true(quant_selection_has(&others, "a.bias"));
    assert_false(quant_selection_has(&others, "embed.weight"));
    assert_true(quant_selection_has(&both, "a.weight"));
    assert_false(quant_selection_has(&both, "embed.weight"));
    assert_false(quant_selection_has(&both, "a.bias"));
    assert_false(quant_selection_is_given(&all));
    assert_true(quant_selection_is_given(&some));
    assert_true(quant_selection_is_given(&others));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_many_stars),
        cmocka_unit_test(test_selection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
