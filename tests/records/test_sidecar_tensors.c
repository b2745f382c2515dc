/* SPDX-License-Identifier: MIT */
/* The sidecar of a container: its text, and that everything written is read back. */
#include "test_sidecar_tensors.h"

#include "../support/random.h"

#include "records/sidecar.h"

/* ---- Back again ---- */

static void check_head(const struct quant_sidecar_head *a, const struct quant_sidecar_head *b)
{
    check_text(a->source_path, b->source_path);
    assert_string_equal(a->source_format, b->source_format);
    assert_true(a->source_nbytes == b->source_nbytes);
    check_text(a->data_path, b->data_path);
    assert_string_equal(a->data_format, b->data_format);
    assert_true(a->data_nbytes == b->data_nbytes);
    assert_true(a->header_nbytes == b->header_nbytes);
    assert_true(a->header_xxh3_64 == b->header_xxh3_64);
    assert_true(a->plan_xxh3_64 == b->plan_xxh3_64);
}

static void check_back(const struct quant_sidecar_head *head,
                       const struct quant_sidecar_entry *entries, size_t n)
{
    struct memory_sink sink = write_entries(head, entries, n);
    struct quant_source *source = quant_source_from_memory(sink.bytes, sink.nbytes, "m.json");
    struct quant_sidecar_reader *reader;
    struct quant_sidecar_entry entry;
    struct quant_error error;
    bool found = true;
    assert_non_null(source);
    check_ok(quant_sidecar_tensors_open(source, &reader, &error), &error);
    assert_non_null(reader);
    check_head(quant_sidecar_tensors_head(reader), head);
    for (size_t i = 0; i < n; i++) {
        check_ok(quant_sidecar_tensors_next(reader, &entry, &found, &error), &error);
        assert_true(found);
        check_entry(&entry, &entries[i]);
    }
    for (int i = 0; i < 2; i++) { /* and stays at the end */
        check_ok(quant_sidecar_tensors_next(reader, &entry, &found, &error), &error);
        assert_false(found);
    }
    quant_sidecar_tensors_close(reader);
    quant_source_close(source);
    free(sink.bytes);
}

/* ---- Text ---- */

static const char expected_text[] =
    "{\n"
    "  \"format\": \"quant-sidecar\",\n"
    "  \"version\": 2,\n"
    "  \"tool\": \"quant " QUANT_VERSION "\",\n"
    "  \"source\": {\n"
    "    \"path\": \"../m.safetensors\",\n"
    "    \"format\": \"safetensors\",\n"
    "    \"bytes\": 4096\n"
    "  },\n"
    "  \"data\": {\n"
    "    \"path\": \"m.int8.safetensors\",\n"
    "    \"format\": \"safetensors\",\n"
    "    \"bytes\": 1536,\n"
    "    \"header\": {\n"
    "      \"bytes\": 512,\n"
    "      \"xxh3_64\": \"0123456789abcdef\"\n"
    "    }\n"
    "  },\n"
    "  \"plan\": {\n"
    "    \"xxh3_64\": \"ffffffffffffffff\"\n"
    "  },\n"
    "  \"tensors\": {\n"
    "    \"a\": {\"scheme\": \"absmax\", \"dtype\": \"int8\", \"qmin\": -127, \"qmax\": 127, "
    "\"scale\": 0.0850393698, \"zero_point\": 0, \"axis\": null, \"block_size\": null, "
    "\"scales\": {\"tensor\": \"a_scale\", \"count\": 1, \"scale_dtype\": \"float32\", "
    "\"xxh3_64\": \"0000000000000002\", \"zero_points\": null}, "
    "\"rounding\": \"half-even\", \"range\": [-7.59000015, 10.8000002], "
    "\"calibration\": {\"method\": \"minmax\", \"observed\": [-7.59000015, 10.8000002]}, "
    "\"shape\": [2, 3], \"order\": \"C\", \"source\": {\"dtype\": \"float32\"}, "
    "\"data\": {\"dtype\": \"I8\", \"bytes\": 6, \"xxh3_64\": \"0000000000000001\"}},\n"
    "    \"b\": {\"scheme\": \"zero-point\", \"dtype\": \"uint4\", \"qmin\": 0, \"qmax\": 15, "
    "\"scale\": null, \"zero_point\": null, \"scale_dtype\": \"float16\", \"axis\": 1, "
    "\"block_size\": 2, \"scales\": {\"tensor\": \"b_scale\", \"count\": 4, "
    "\"scale_dtype\": \"float16\", \"xxh3_64\": \"0000000000000002\", "
    "\"zero_points\": {\"tensor\": \"b_zero_point\", \"xxh3_64\": \"0000000000000003\"}}, "
    "\"rounding\": \"half-away\", \"range\": null, "
    "\"calibration\": {\"method\": \"sigma\", \"argument\": 2.5, \"observed\": null}, "
    "\"shape\": [2, 3], \"order\": \"C\", \"source\": {\"dtype\": \"bfloat16\"}, "
    "\"data\": {\"dtype\": \"U8\", \"bytes\": 3, \"xxh3_64\": \"0000000000000001\"}},\n"
    "    \"c\": {\"scheme\": \"absmax\", \"dtype\": \"float16\", \"qmin\": null, \"qmax\": null, "
    "\"scale\": 1.00000000, \"zero_point\": 0, \"axis\": null, \"block_size\": null, "
    "\"scales\": null, \"rounding\": \"half-even\", \"range\": null, "
    "\"calibration\": {\"method\": \"none\", \"observed\": [-7.59000015, 10.8000002]}, "
    "\"shape\": [2, 3], \"order\": \"C\", \"source\": {\"dtype\": \"float64\"}, "
    "\"data\": {\"dtype\": \"F16\", \"bytes\": 12, \"xxh3_64\": \"0000000000000001\"}},\n"
    "    \"d\": {\"copied\": true, \"dtype\": \"I64\", \"shape\": [5], \"bytes\": 40, "
    "\"xxh3_64\": \"000000000000f00d\"}\n"
    "  }\n"
    "}\n";

static void test_text(void **state)
{
    (void)state;
    const struct quant_sidecar_head head = plain_head();
    const struct quant_sidecar_entry entries[] = {plain_entry("a"), grouped_entry("b"),
                                                  unscaled_entry("c"), copied_entry("d")};
    struct memory_sink sink = write_entries(&head, entries, LENGTH(entries));
    assert_int_equal(sink.nbytes, sizeof expected_text - 1);
    assert_memory_equal(sink.bytes, expected_text, sink.nbytes);
    free(sink.bytes);
    check_back(&head, entries, LENGTH(entries));
}

static void test_no_tensors(void **state)
{
    (void)state;
    struct quant_sidecar_head head = plain_head();
    head.source_path = head.data_path = NULL;
    check_back(&head, NULL, 0);
}

static void test_names(void **state)
{
    (void)state;
    enum { LONG = 20000, MORE = 200000 }; /* more than a block of the tokenizer */
    static char names[2][MORE + 1];
    memset(names[0], 'x', LONG);
    for (size_t i = 0; i < MORE; i++)
        names[1][i] = "ab\"\\\n}"[i % 6];
    const char *const all[] = {"",
                               "a b",
                               "quote\"d",
                               "back\\slash",
                               "\\u0000",
                               "\\\\u0000",
                               "line\nbreak\r\ttab",
                               "\x01\x1f\x7f",
                               "gr\xc3\xbc\xc3\x9f",
                               "\xe6\xbc\xa2\xe5\xad\x97",
                               "\xf0\x9f\x98\x80",
                               "{}[],:\"",
                               "tensors",
                               names[0],
                               names[1]};
    struct quant_sidecar_entry entries[2 * LENGTH(all)];
    const struct quant_sidecar_head head = plain_head();
    for (size_t i = 0; i < LENGTH(all); i++) {
        entries[i] = i % 2 ? copied_entry(all[i]) : grouped_entry(all[i]);
        if (*all[i] == '\0')
            continue;
        entries[i].scale_name = entries[i].zero_point_name = all[i];
    }
    check_back(&head, entries, LENGTH(all));
    for (size_t i = 0; i < LENGTH(all); i++)
        check_back(&head, &entries[i], 1);
}

static void test_name_not_utf8(void **state)
{
    (void)state;
    static const char *const names[] = {"\xff", "a\xc3", "\xed\xa0\x80", "\xc0\x80"};
    for (size_t i = 0; i < 3 * LENGTH(names); i++) {
        const char *name = names[i / 3];
        struct quant_sidecar_entry entry = grouped_entry(i % 3 == 0 ? name : "a");
        entry.scale_name = i % 3 == 1 ? name : "b";
        entry.zero_point_name = i % 3 == 2 ? name : "c";
        char *text;
        size_t nbytes;
        struct quant_error error;
        check_error(name, quant_sidecar_print_entry(&entry, &text, &nbytes, &error), &error,
                    QUANT_UNSUPPORTED, "the name is not UTF-8");
        assert_null(text);
    }
}

/* The limit is the same for writing and reading. */
static void test_name_too_long(void **state)
{
    (void)state;
    enum { MOST = QUANT_SIDECAR_ENTRY_MOST };
    char *name = calloc(1, MOST + 1);
    assert_non_null(name);
    memset(name, 'x', MOST);
    struct quant_sidecar_entry entry = copied_entry(name);
    char *text;
    size_t nbytes;
    struct quant_error error;
    check_error("long", quant_sidecar_print_entry(&entry, &text, &nbytes, &error), &error,
                QUANT_UNSUPPORTED, "is longer than 16777216 bytes");
    name[MOST - 200] = '\0';
    const struct quant_sidecar_head head = plain_head();
    check_back(&head, &entry, 1);
    free(name);
}

/* ---- Any entry ---- */

/* Letters, quotes, controls and longer characters. */
static void random_name(struct random *random, char *name, size_t index)
{
    static const char *const letters[] = {"a", ".", "\"", "\\", "\n", "\x1f", "\xc3\xbc", "/", "0"};
    size_t length = (size_t)sprintf(name, "%zu", index);
    const uint32_t n = random_below(random, 40);
    for (uint32_t i = 0; i < n; i++)
        length +=
            (size_t)sprintf(name + length, "%s", letters[random_below(random, LENGTH(letters))]);
}

static float random_scale(struct random *random, enum quant_dtype dtype)
{
    const uint32_t bits = 1 + random_below(random, 0x7f7fffff);
    float scale;
    memcpy(&scale, &bits, sizeof scale);
    if (dtype == QUANT_FLOAT32)
        return scale;
    return (float)quant_dtype_round(dtype, 0.001 + 100 * random_unit(random));
}

static void random_pair(struct random *random, bool *present, double pair[2])
{
    *present = random_below(random, 4) > 0;
    pair[0] = pair[1] = 0;
    if (!*present)
        return;
    pair[0] = -random_unit(random) * 100;
    pair[1] = random_below(random, 2) ? (double)(float)random_unit(random) : random_unit(random);
}

static void random_params(struct random *random, struct quant_params *params)
{
    static const enum quant_dtype dtypes[] = {QUANT_INT8,    QUANT_UINT8,         QUANT_INT4,
                                              QUANT_UINT4,   QUANT_INT16,         QUANT_UINT16,
                                              QUANT_INT32,   QUANT_FLOAT8_E4M3FN, QUANT_FLOAT8_E5M2,
                                              QUANT_FLOAT16, QUANT_BFLOAT16};
    static const enum quant_dtype scales[] = {QUANT_FLOAT32, QUANT_FLOAT16, QUANT_BFLOAT16};
    *params = (struct quant_params){.dtype = dtypes[random_below(random, LENGTH(dtypes))]};
    const struct quant_dtype_info *info = quant_dtype_info(params->dtype);
    params->scale_dtype = info->is_unscaled ? QUANT_FLOAT32 : scales[random_below(random, 3)];
    params->scale = info->is_unscaled ? 1 : random_scale(random, params->scale_dtype);
    if (!info->is_integer)
        return;
    params->scheme = random_below(random, 2) ? QUANT_ABSMAX : QUANT_ZERO_POINT;
    params->rounding = random_below(random, 2) ? QUANT_HALF_EVEN : QUANT_HALF_AWAY;
    params->qmin = (int32_t)info->min + (int32_t)random_below(random, 3);
    params->qmax = (int32_t)info->max - (int32_t)random_below(random, 3);
    params->zero_point = random_below(random, 2) ? 0 : (int32_t)random_64(random);
}

static void random_groups(struct random *random, struct quant_sidecar_entry *entry)
{
    entry->axis = -1;
    entry->scale_count = quant_dtype_info(entry->params.dtype)->is_unscaled ? 0 : 1;
    entry->has_groups = entry->scale_count > 0 && entry->ndim > 0 && random_below(random, 2);
    if (!entry->has_groups)
        return;
    entry->params.scale = 1;
    entry->params.zero_point = 0;
    entry->axis = (int)random_below(random, (uint32_t)entry->ndim);
    entry->block_size = random_below(random, 4);
    struct quant_shape shape = {.ndim = entry->ndim};
    memcpy(shape.dims, entry->dims, (size_t)entry->ndim * sizeof *entry->dims);
    const struct quant_granularity granularity = {
        .has_axis = true, .axis = entry->axis, .block_size = entry->block_size};
    struct quant_grouping grouping;
    struct quant_error error;
    check_ok(quant_grouping_make(&granularity, &shape, QUANT_ORDER_C, &grouping, &error), &error);
    entry->scale_count = grouping.count;
}

struct random_entry {
    struct quant_sidecar_entry entry;
    char names[3][128];
    uint64_t dims[4];
};

static void make_random(struct random *random, size_t index, struct random_entry *made)
{
    struct quant_sidecar_entry *entry = &made->entry;
    uint64_t nelems = 1;
    memset(made, 0, sizeof *made);
    for (int i = 0; i < 3; i++)
        random_name(random, made->names[i], index);
    entry->name = made->names[0];
    entry->ndim = (int)random_below(random, 5);
    entry->dims = made->dims;
    for (int i = 0; i < entry->ndim; i++)
        nelems *= made->dims[i] = random_below(random, 9);
    entry->digests.data = random_64(random);
    entry->is_copied = random_below(random, 4) == 0;
    entry->stored_type = entry->is_copied ? "C64" : "I8";
    entry->stored_nbytes = 8 * nelems;
    if (entry->is_copied)
        return;
    random_params(random, &entry->params);
    random_groups(random, entry);
    entry->stored_nbytes = quant_dtype_bytes(entry->params.dtype, nelems);
    entry->scale_name = quant_dtype_info(entry->params.dtype)->is_unscaled ? NULL : made->names[1];
    entry->digests.scales = entry->scale_name ? random_64(random) : 0;
    if (quant_params_have_zero_points(&entry->params)) {
        entry->zero_point_name = made->names[2];
        entry->digests.zero_points = random_64(random);
    }
    entry->method = random_below(random, 2) ? "percentile" : "entropy";
    entry->has_argument = random_below(random, 2);
    entry->argument = entry->has_argument ? random_unit(random) * 100 + 1e-9 : 0;
    random_pair(random, &entry->has_range, entry->range);
    random_pair(random, &entry->has_observed, entry->observed);
    entry->source_dtype = random_below(random, 2) ? QUANT_FLOAT64 : QUANT_BFLOAT16;
}

static void test_random(void **state)
{
    (void)state;
    enum { ROUNDS = 30, MOST = 60 };
    static struct random_entry made[MOST];
    static struct quant_sidecar_entry entries[MOST];
    struct random random = random_begin();
    for (int round = 0; round < ROUNDS; round++) {
        const size_t n = random_below(&random, MOST + 1);
        struct quant_sidecar_head head = plain_head();
        head.header_xxh3_64 = random_64(&random);
        head.plan_xxh3_64 = random_64(&random);
        head.data_nbytes = (uint64_t)1 << 53;
        for (size_t i = 0; i < n; i++) {
            make_random(&random, i, &made[i]);
            entries[i] = made[i].entry;
        }
        check_back(&head, entries, n);
    }
}

/* ---- Many ---- */

static void test_many(void **state)
{
    (void)state;
    enum { MANY = IS_SLOW_BUILD ? 2000 : 100000 };
    struct quant_error error;
    const struct quant_sidecar_head head = plain_head();
    struct memory_sink sink = memory_sink_make(SIZE_MAX);
    size_t n;
    check_ok(quant_sidecar_begin_tensors(&sink.sink, &head, &error), &error);
    for (int i = 0; i < MANY; i++) {
        char name[32];
        snprintf(name, sizeof name, "layer.%d", i);
        const struct quant_sidecar_entry entry = plain_entry(name);
        append_entry(&sink, &entry, i == 0);
    }
    check_ok(quant_sidecar_end_tensors(&sink.sink, &error), &error);
    check_ok(read_text(sink.bytes, sink.nbytes, &n, &error), &error);
    assert_int_equal(n, MANY);
    free(sink.bytes);
}

static void test_full_sink(void **state)
{
    (void)state;
    const struct quant_sidecar_head head = plain_head();
    struct memory_sink sink = memory_sink_make(0);
    struct quant_error error;
    check_error("head", quant_sidecar_begin_tensors(&sink.sink, &head, &error), &error, QUANT_IO,
                "cannot write 'sink': full");
    check_error("entry", quant_sidecar_append_entry(&sink.sink, ",x", 2, true, &error), &error,
                QUANT_IO, "full");
    check_error("end", quant_sidecar_end_tensors(&sink.sink, &error), &error, QUANT_IO, "full");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),          cmocka_unit_test(test_no_tensors),
        cmocka_unit_test(test_names),         cmocka_unit_test(test_name_not_utf8),
        cmocka_unit_test(test_name_too_long), cmocka_unit_test(test_random),
        cmocka_unit_test(test_many),          cmocka_unit_test(test_full_sink),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
