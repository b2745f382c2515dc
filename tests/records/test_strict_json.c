/* SPDX-License-Identifier: MIT */
/* Each kind of record in JSON is read to the letter: what is almost JSON is refused wherever it is
 * in the file, and what is seldom seen is read to the same values. */
#include <limits.h>

#include "json_forms.h"
#include "test_sidecar_tensors.h"

#include "records/calibration_file.h"
#include "records/shard_index.h"
#include "records/sidecar.h"

/* ---- The kinds: read, and printed again ---- */

/* What was read as text; NULL after an error. The caller frees it. */
typedef char *read_fn(struct quant_source *source, struct quant_error *error);

static char *text_of(struct memory_sink *sink)
{
    char *text = strndup(sink->bytes ? (const char *)sink->bytes : "", sink->nbytes);
    assert_non_null(text);
    free(sink->bytes);
    return text;
}

static char *read_sidecar(struct quant_source *source, struct quant_error *error)
{
    struct quant_sidecar sidecar;
    char *text = NULL;
    if (quant_sidecar_parse(source, &sidecar, error) == QUANT_OK) {
        struct memory_sink sink = memory_sink_make(SIZE_MAX);
        check_ok(quant_sidecar_write(&sidecar, &sink.sink, error), error);
        text = text_of(&sink);
    }
    quant_sidecar_release(&sidecar);
    return text;
}

static char *read_container(struct quant_source *source, struct quant_error *error)
{
    struct quant_sidecar_reader *reader;
    struct memory_sink sink = memory_sink_make(SIZE_MAX);
    enum quant_status status = quant_sidecar_tensors_open(source, &reader, error);
    bool found = status == QUANT_OK && reader;
    if (status == QUANT_OK && !reader) /* then it is read as that of one tensor */
        return read_sidecar(source, error);
    if (found)
        check_ok(quant_sidecar_begin_tensors(&sink.sink, quant_sidecar_tensors_head(reader), error),
                 error);
    for (bool is_first = true; status == QUANT_OK && found; is_first = false) {
        struct quant_sidecar_entry entry;
        status = quant_sidecar_tensors_next(reader, &entry, &found, error);
        if (status == QUANT_OK && found)
            append_entry(&sink, &entry, is_first);
    }
    quant_sidecar_tensors_close(reader);
    char *text = text_of(&sink);
    if (status == QUANT_OK)
        return text;
    free(text);
    return NULL;
}

static char *read_calibration(struct quant_source *source, struct quant_error *error)
{
    struct quant_calibration_file file;
    char *text = NULL;
    if (quant_calibration_file_read(source, &file, error) == QUANT_OK) {
        struct memory_sink sink = memory_sink_make(SIZE_MAX);
        check_ok(quant_calibration_file_write(&file, &sink.sink, error), error);
        text = text_of(&sink);
    }
    quant_calibration_file_release(&file);
    return text;
}

static char *read_index(struct quant_source *source, struct quant_error *error)
{
    struct quant_shard_index index;
    char *text = NULL;
    if (quant_shard_index_read(source, &index, error) == QUANT_OK) {
        size_t nbytes;
        char *printed;
        index.nmetadata = 0; /* is kept as it is written */
        assert_true(quant_shard_index_print(&index, 0, &printed, &nbytes));
        text = strndup(printed, nbytes);
        free(printed);
    }
    quant_shard_index_release(&index);
    return text;
}

static const char INDEX[] =
    "{\"tool\": \"a\", \"metadata\": {\"total_size\": 12, \"made_by\": 7},\n"
    " \"weight_map\": {\"b\": \"2.st\", \"a\": \"1.st\"}}\n";

/* The keys whose values are replaced: in each part that is read in another way. */
static const struct {
    const char *name;
    read_fn *read;
    const char *path; /* of a good one, or NULL: INDEX */
    const char *spots[4];
} kinds[] = {
    {"sidecar",
     read_sidecar,
     "data/bad/sidecar/good.json",
     {"\"tool\": ", "\"qmax\": ", "\"method\": ", NULL}},
    {"container",
     read_container,
     "data/bad/container/good.json",
     {"\"tool\": ", "\"qmax\": ", "\"count\": ", NULL}},
    {"calibration",
     read_calibration,
     "data/bad/calibration/good.json",
     {"\"tool\": ", "\"count\": ", "\"sums\": ", NULL}},
    {"calibration of groups",
     read_calibration,
     "data/bad/calibration/good_groups.json",
     {"\"tool\": ", "\"range\": [[-7.59000015, ", "\"observed\": [[-7.59000015, ", NULL}},
    {"index", read_index, NULL, {"\"tool\": ", "\"made_by\": ", "\"total_size\": ", "\"a\": "}},
};

enum { KINDS = LENGTH(kinds), INDEX_KIND = KINDS - 1, ROOM = 64 << 10 };

/* The good text. The caller frees it. */
static char *good_text(size_t kind)
{
    size_t nbytes;
    return kinds[kind].path ? (char *)file_read(kinds[kind].path, &nbytes) : strdup(INDEX);
}

static char *read_bytes(size_t kind, const char *bytes, size_t nbytes, struct quant_error *error)
{
    char *copy = malloc(nbytes + 1); /* to catch reads past its end */
    assert_non_null(copy);
    memcpy(copy, bytes, nbytes);
    *error = (struct quant_error){QUANT_OK, ""};
    struct quant_source *source = quant_source_from_memory(copy, nbytes, "m.json");
    assert_non_null(source);
    char *text = kinds[kind].read(source, error);
    quant_source_close(source);
    free(copy);
    return text;
}

/* Where the value of a key begins and, for plain values, where it ends. */
static size_t find_value(const char *good, const char *key, size_t *nbytes)
{
    const char *at = strstr(good, key);
    if (!at)
        fail_msg("the good one has no %s", key);
    at += strlen(key);
    *nbytes = *at == '"' ? (size_t)(strchr(at + 1, '"') + 1 - at) : strcspn(at, ",}\n");
    if (*at == '[')
        *nbytes = strcspn(at, "}\n");
    return (size_t)(at - good);
}

static size_t replace(char text[ROOM], const char *good, size_t at, size_t nbytes,
                      const char *bytes, size_t added)
{
    const size_t rest = strlen(good) - at - nbytes;
    assert_true(at + added + rest < ROOM);
    memcpy(text, good, at);
    memcpy(text + at, bytes, added);
    memcpy(text + at + added, good + at + nbytes, rest + 1);
    return at + added + rest;
}

static void check_refused(size_t kind, const char *what, const char *text, size_t nbytes,
                          uint64_t at)
{
    struct quant_error error;
    char *read = read_bytes(kind, text, nbytes, &error);
    char place[32];
    snprintf(place, sizeof place, "at byte %llu", (unsigned long long)at);
    if (read)
        fail_msg("%s with %s: is taken", kinds[kind].name, what);
    if (error.status != QUANT_CORRUPT && error.status != QUANT_TRUNCATED &&
        error.status != QUANT_UNSUPPORTED)
        fail_msg("%s with %s: status %d", kinds[kind].name, what, error.status);
    if (at == UINT64_MAX ? !strstr(error.text, "byte") && !strstr(error.text, "duplicate key")
                         : !strstr(error.text, place))
        fail_msg("%s with %s: '%s' is not %s", kinds[kind].name, what, error.text, place);
}

/* ---- Almost JSON ---- */

/* Brackets and quotes decide where a text is cut before it is checked, so the place may be another
 * one there; and the readers of arrays and of the index stop where the form may still be right. */
static uint64_t place_of(size_t kind, const struct json_form *form, size_t at)
{
    const bool is_cut = form->nbytes == 0 || memchr(form->bytes, '"', form->nbytes) ||
                        strpbrk(form->bytes, "[]{},");
    return is_cut || kind >= 3 ? UINT64_MAX : at + form->at;
}

static void test_malformed(void **state)
{
    (void)state;
    char *text = malloc(ROOM);
    assert_non_null(text);
    for (size_t kind = 0; kind < KINDS; kind++) {
        char *good = good_text(kind);
        for (size_t spot = 0; spot < LENGTH(kinds[0].spots) && kinds[kind].spots[spot]; spot++) {
            size_t replaced;
            const size_t at = find_value(good, kinds[kind].spots[spot], &replaced);
            for (size_t i = 0; i < LENGTH(malformed); i++) {
                const struct json_form *form = &malformed[i];
                if (kind == INDEX_KIND && strstr(form->bytes, "\\u0000"))
                    continue; /* JSON has it: only a value that is kept may not */
                const size_t nbytes = replace(text, good, at, replaced, form->bytes, form->nbytes);
                check_refused(kind, form->bytes, text, nbytes, place_of(kind, form, at));
            }
        }
        free(good);
    }
    free(text);
}

/* Before and after all of it. */
static void test_around(void **state)
{
    (void)state;
    static const struct json_form added[] = {
        FORM("\0", 0),
        FORM("\0\0\0", 0),
        FORM("\xef\xbb\xbf", 0),
        FORM("x", 0),
        FORM("{}", 0),
        FORM("1", 0),
        FORM(",", 0),
        FORM("\x1a", 0),
        FORM("\v", 0),
        FORM("\f", 0),
        FORM("\xc2\xa0", 0),
        FORM("\xff", 0),
        FORM("// comment\n", 0),
        FORM("\"\"", 0),
        FORM("null ", 0),
        FORM("]", 0),
        FORM("}", 0),
    };
    char *text = malloc(ROOM);
    assert_non_null(text);
    for (size_t kind = 0; kind < KINDS; kind++) {
        char *good = good_text(kind);
        const size_t length = strlen(good);
        for (size_t i = 0; i < LENGTH(added); i++) {
            size_t nbytes = replace(text, good, 0, 0, added[i].bytes, added[i].nbytes);
            check_refused(kind, added[i].bytes, text, nbytes, UINT64_MAX);
            nbytes = replace(text, good, length, 0, added[i].bytes, added[i].nbytes);
            check_refused(kind, added[i].bytes, text, nbytes, length);
        }
        free(good);
    }
    free(text);
}

/* In each object of the file. */
static void test_duplicate_keys(void **state)
{
    (void)state;
    static const struct {
        size_t kind;
        const char *before; /* is repeated */
        const char *value;
    } rows[] = {
        {0, "\"tool\": ", "1"},
        {0, "\"tool\": ", "{\"a\": 1, \"b\": {\"c\": 1, \"c\": 2}}"},
        {0, "\"qm\\u0061x\": ", "127"},
        {0, "\"method\": ", "\"minmax\""},
        {1, "\"tool\": ", "1"},
        {1, "\"tool\": ", "[{\"a\": 1, \"a\": 1}]"},
        {1, "\"tensors\": ", "{}"},
        {1, "\"qmax\": ", "127"},
        {1, "\"xxh3_64\": ", "\"0000000000000000\""},
        {2, "\"tool\": ", "1"},
        {2, "\"tool\": ", "[{\"a\": 1, \"a\": 1}]"},
        {2, "\"maxima\": ", "[0, 0, 0, 0]"},
        {3, "\"tool\": ", "1"},
        {3, "\"tool\": ", "[{\"a\": 1, \"a\": 1}]"},
        {3, "\"range\": ", "[]"},
        {4, "\"tool\": ", "1"},
        {4, "\"made_by\": ", "1"},
        {4, "\"metadata\": ", "{}"},
        {4, "\"weight_map\": ", "{}"},
        {4, "\"a\": ", "\"1.st\""},
    };
    char *text = malloc(ROOM);
    assert_non_null(text);
    for (size_t i = 0; i < LENGTH(rows); i++) {
        char *good = good_text(rows[i].kind);
        char added[256];
        char plain[] = "\"qmax\": ";
        const bool is_escaped = strchr(rows[i].before, '\\') != NULL;
        const char *at = strstr(good, is_escaped ? plain : rows[i].before);
        assert_non_null(at);
        snprintf(added, sizeof added, "%s%s, ", rows[i].before, rows[i].value);
        const size_t nbytes = replace(text, good, (size_t)(at - good), 0, added, strlen(added));
        struct quant_error error;
        char *read = read_bytes(rows[i].kind, text, nbytes, &error);
        if (read || !strstr(error.text, "duplicate"))
            fail_msg("%s with %s: %s", kinds[rows[i].kind].name, added, error.text);
        free(good);
    }
    free(text);
}

static void test_deep(void **state)
{
    (void)state;
    enum { DEEP = 20000 };
    char *text = malloc(ROOM);
    char *nest = malloc(2 * (size_t)DEEP);
    assert_non_null(text);
    assert_non_null(nest);
    memset(nest, '[', DEEP);
    memset(nest + DEEP, ']', DEEP);
    for (size_t kind = 0; kind < KINDS; kind++) {
        char *good = good_text(kind);
        for (size_t spot = 0; spot < 3; spot++) {
            size_t replaced;
            const size_t at = find_value(good, kinds[kind].spots[spot], &replaced);
            const size_t nbytes = replace(text, good, at, replaced, nest, 2 * (size_t)DEEP);
            check_refused(kind, "a deep value", text, nbytes, UINT64_MAX);
        }
        free(good);
    }
    free(nest);
    free(text);
}

/* ---- Seldom seen ---- */

static void check_same(size_t kind, const char *what, const char *text, size_t nbytes,
                       const char *expected)
{
    struct quant_error error;
    char *read = read_bytes(kind, text, nbytes, &error);
    if (!read)
        fail_msg("%s with %s: %s", kinds[kind].name, what, error.text);
    if (strcmp(read, expected) != 0)
        fail_msg("%s with %s: read as %s, not %s", kinds[kind].name, what, read, expected);
    free(read);
}

/* As the value of a key that means nothing. */
static void test_seldom(void **state)
{
    (void)state;
    char *text = malloc(ROOM);
    assert_non_null(text);
    for (size_t kind = 0; kind < KINDS; kind++) {
        char *good = good_text(kind);
        struct quant_error error;
        char *expected = read_bytes(kind, good, strlen(good), &error);
        assert_non_null(expected);
        size_t replaced;
        const size_t at = find_value(good, kinds[kind].spots[0], &replaced);
        for (size_t i = 0; i < LENGTH(seldom); i++) {
            const size_t nbytes = replace(text, good, at, replaced, seldom[i], strlen(seldom[i]));
            check_same(kind, seldom[i], text, nbytes, expected);
        }
        free(expected);
        free(good);
    }
    free(text);
}

/* Blanks of all four kinds around each token. */
static size_t spread(const char *good, char *text)
{
    static const char blanks[] = " \t\r\n";
    size_t length = 0;
    bool in_string = false;
    for (const char *p = good; *p; p++) {
        const bool is_token = !in_string && strchr("{}[],:", *p);
        if (is_token)
            for (size_t i = 0; i < 4; i++, length++)
                text[length] = blanks[(i + length) % 4];
        text[length++] = *p;
        if (is_token)
            text[length++] = blanks[(size_t)(p - good) % 4];
        in_string ^= *p == '"';
    }
    return length;
}

/* Every character of every string as an escape. */
static size_t escape(const char *good, char *text)
{
    size_t length = 0;
    bool in_string = false;
    for (const char *p = good; *p; p++) {
        if (in_string && *p != '"')
            length += (size_t)snprintf(text + length, 8, p[0] & 1 ? "\\u%04x" : "\\u%04X",
                                       (unsigned)(unsigned char)*p);
        else
            text[length++] = *p;
        in_string ^= *p == '"';
    }
    return length;
}

/* Every number with an exponent and more digits than cJSON would read. */
static size_t lengthen(const char *good, char *text)
{
    size_t length = 0;
    bool in_string = false;
    for (const char *p = good; *p;) {
        const size_t digits = in_string ? 0 : strspn(p, "-+.0123456789eE");
        const bool has_point = digits > 0 && memchr(p, '.', digits);
        in_string ^= *p == '"';
        if (digits > 0 && *p != 'e' && !memchr(p, 'e', digits)) {
            length += (size_t)snprintf(text + length, 512, "%.*s%s%0*dE+0000", (int)digits, p,
                                       has_point ? "" : ".", 80, 0);
            p += digits;
        } else {
            text[length++] = *p++;
        }
    }
    return length;
}

static void test_same_values(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t (*change)(const char *good, char *text);
    } changes[] = {{"blanks", spread}, {"escapes", escape}, {"long numbers", lengthen}};
    char *text = malloc(ROOM);
    assert_non_null(text);
    for (size_t kind = 0; kind < KINDS; kind++) {
        char *good = good_text(kind);
        struct quant_error error;
        char *expected = read_bytes(kind, good, strlen(good), &error);
        assert_non_null(expected);
        for (size_t i = 0; i < LENGTH(changes); i++)
            check_same(kind, changes[i].name, text, changes[i].change(good, text), expected);
        free(expected);
        free(good);
    }
    free(text);
}

/* Every key last of its object, in turn: moved to just before the closing brace of the text. */
static void test_any_order(void **state)
{
    (void)state;
    static const char *const moved[KINDS][3] = {
        {"\"format\": \"quant-sidecar\", ", "\"version\": 1, ", "\"shape\": [7], "},
        {"\"format\": \"quant-sidecar\", ", "\"version\": 2, ", NULL},
        {"\"format\": \"quant-calibration\", ", "\"version\": 2, ", "\"count\": 7, "},
        {"\"format\": \"quant-calibration\", ", "\"version\": 2, ", "\"axis\": 1, "},
        {"\"metadata\": {\"total_size\": 12, \"made_by\": 7},", NULL, NULL},
    };
    char *text = malloc(ROOM);
    char *last = malloc(ROOM);
    assert_non_null(text);
    assert_non_null(last);
    for (size_t kind = 0; kind < KINDS; kind++) {
        char *good = good_text(kind);
        struct quant_error error;
        char *expected = read_bytes(kind, good, strlen(good), &error);
        assert_non_null(expected);
        for (size_t i = 0; i < 3 && moved[kind][i]; i++) {
            const char *at = strstr(good, moved[kind][i]);
            if (!at)
                fail_msg("%s: no %s", kinds[kind].name, moved[kind][i]);
            replace(text, good, (size_t)(at - good), strlen(moved[kind][i]), "", 0);
            const size_t end = (size_t)(strrchr(text, '}') - text);
            char added[128];
            const int length = snprintf(added, sizeof added, ", %.*s",
                                        (int)strcspn(moved[kind][i], "\n") - 1, moved[kind][i]);
            if (added[length - 1] == ',')
                added[length - 1] = ' ';
            const size_t nbytes = replace(last, text, end, 0, added, strlen(added));
            check_same(kind, moved[kind][i], last, nbytes, expected);
        }
        free(expected);
        free(good);
    }
    free(text);
    free(last);
}

/* ---- A text that changes ---- */

/* Delivers `first` for `reads` reads, and then `second`. */
struct changing {
    struct quant_source head;
    const char *first;
    const char *second;
    int reads;
};

static enum quant_status changing_read_at(struct quant_source *source, uint64_t offset,
                                          void *buffer, size_t nbytes, size_t *got,
                                          struct quant_error *error)
{
    struct changing *changing = (struct changing *)source;
    const char *text = changing->reads-- > 0 ? changing->first : changing->second;
    const size_t length = strlen(text);
    (void)error;
    *got = offset >= length ? 0 : length - (size_t)offset;
    *got = *got < nbytes ? *got : nbytes;
    memcpy(buffer, text + (offset < length ? offset : length), *got);
    return QUANT_OK;
}

static enum quant_status changing_check(struct quant_source *source, struct quant_error *error)
{
    const struct changing *changing = (const struct changing *)source;
    return changing->reads >= 0
               ? QUANT_OK
               : quant_source_error(source, error, QUANT_IO, "it changed while it was read");
}

static void changing_close(struct quant_source *source)
{
    (void)source;
}

static const struct quant_source_ops changing_ops = {
    .read_at = changing_read_at, .check_unchanged = changing_check, .close = changing_close};

/* By then it is shorter, longer before what is cut out, or of another kind: an error, or the text
 * that it was. With changing_check that is so for every change; without it, it is for each that
 * leaves no JSON where the text is cut. */
static void test_changes(void **state)
{
    (void)state;
    char *text = malloc(ROOM);
    assert_non_null(text);
    for (size_t kind = 0; kind < KINDS; kind++) {
        char *good = good_text(kind);
        struct quant_error error;
        char *expected = read_bytes(kind, good, strlen(good), &error);
        const size_t length = strlen(good);
        for (size_t cut = 0; cut <= length; cut++)
            for (int reads = 0; reads < 4; reads++)
                for (int added = 0; added < 2; added++) {
                    size_t nbytes = cut;
                    memcpy(text, good, cut);
                    if (added) /* a blank, which leaves it JSON in most places */
                        nbytes = replace(text, good, cut, 0, " ", 1);
                    text[nbytes] = '\0';
                    struct changing changing = {
                        .head = {.ops = &changing_ops, .name = "m.json", .size = length},
                        .first = good,
                        .second = text,
                        .reads = reads};
                    char *read = kinds[kind].read(&changing.head, &error);
                    const bool is_same = read && strcmp(read, expected) == 0;
                    if (read && !is_same && reads > 0)
                        fail_msg("%s: changed at byte %zu after %d reads: read as %s",
                                 kinds[kind].name, cut, reads, read);
                    free(read);
                }
        free(expected);
        free(good);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_malformed),      cmocka_unit_test(test_around),
        cmocka_unit_test(test_duplicate_keys), cmocka_unit_test(test_deep),
        cmocka_unit_test(test_seldom),         cmocka_unit_test(test_same_values),
        cmocka_unit_test(test_any_order),      cmocka_unit_test(test_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
