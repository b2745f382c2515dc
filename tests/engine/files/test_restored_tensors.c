/* SPDX-License-Identifier: MIT */
/* What the sidecar and its container both have is the same, or nothing is restored: with a shorter
 * shape, say, a copied tensor would be written over the one after it. */
#include "../engine.h"

static const char header[] =
    "{\"m\":{\"dtype\":\"F32\",\"shape\":[2,4],\"data_offsets\":[0,32]},"
    "\"bias\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[32,44]},"
    "\"scalar\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[44,48]}}";

static void write_quantized(void)
{
    static const float x[12] = {3.14F, -1, 2, 0.5F, 1, 2, 3, 4, 5, 6, 7, 8};
    file_write_container("m.safetensors", header, x, sizeof x);
    const struct quant_quantize_job job = quantize_job("m.safetensors", "q.safetensors");
    quantize_ok(&job);
}

/* The first `from` after `after` in the sidecar becomes `to`, of the same length, in x.json. */
static void edit_sidecar(const char *after, const char *from, const char *to)
{
    size_t nbytes = 0;
    char *text = (char *)file_read("q.safetensors.json", &nbytes);
    char *at = strstr(text, after);
    at = at ? strstr(at, from) : NULL;
    assert_non_null(at);
    assert_int_equal(strlen(from), strlen(to));
    memcpy(at, to, strlen(to));
    file_write("x.json", text, nbytes);
    free(text);
}

static void test_contradictions(void **state)
{
    (void)state;
    static const struct {
        const char *after, *from, *to, *message;
    } edits[] = {
        {"\"bias\": {", "[3]", "[2]", "'bias' has another shape"},
        {"\"bias\": {", "[3]", "[4]", "'bias' has another shape"},
        {"\"m\": {", "[2, 4]", "[4, 2]", "'m' has another shape"},
        {"\"m\": {", "\"scale\": 0.0", "\"scale\": 1.0", "'m_scale' holds another scale"},
        {"\"m\": {", "\"scale\": 0.0", "\"scale\": 0.1", "'m_scale' holds another scale"},
    };
    write_quantized();
    for (size_t i = 0; i < LENGTH(edits); i++) {
        edit_sidecar(edits[i].after, edits[i].from, edits[i].to);
        struct quant_dequantize_job job = dequantize_job("q.safetensors", "r.safetensors");
        job.sidecar = "x.json";
        job.measure = false;
        dequantize_fails(&job, QUANT_CORRUPT, edits[i].message);
        assert_false(file_exists("r.safetensors"));
    }
}

/* What says which scale an element has, and what is stored apart from the elements. */
static void test_more_contradictions(void **state)
{
    (void)state;
    static const float x[16] = {1, 2, 30, -40, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    static const struct {
        struct quant_spec spec;
        struct quant_granularity granularity;
        const char *from, *to, *message;
    } cases[] = {
        {{.dtype = QUANT_INT8},
         {.has_axis = true},
         "\"axis\": 0",
         "\"axis\": 1",
         "'m_scale' has another shape"},
        {{.dtype = QUANT_INT4}, {.has_axis = false}, "[4, 4]", "[2, 8]", "'m' has another shape"},
        {{.dtype = QUANT_UINT4, .scheme = QUANT_ZERO_POINT},
         {.has_axis = false},
         "[4, 4]",
         "[8, 2]",
         "'m' has another shape"},
        {{.dtype = QUANT_INT8, .scheme = QUANT_ZERO_POINT},
         {.has_axis = false},
         "\"zero_point\": 18",
         "\"zero_point\": 19",
         "'m_zero_point' holds another zero point"},
    };
    file_write_container("m.safetensors",
                         "{\"m\":{\"dtype\":\"F32\",\"shape\":[4,4],\"data_offsets\":[0,64]}}", x,
                         sizeof x);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct quant_quantize_job job = quantize_job("m.safetensors", "q.safetensors");
        job.spec = cases[i].spec;
        job.granularity = cases[i].granularity;
        job.output.force = true;
        quantize_ok(&job);
        edit_sidecar("\"m\": {", cases[i].from, cases[i].to);
        struct quant_dequantize_job back = dequantize_job("q.safetensors", "r.safetensors");
        back.sidecar = "x.json";
        back.measure = false;
        dequantize_fails(&back, QUANT_CORRUPT, cases[i].message);
    }
}

/* The same edit of nothing is fine: it is not the copy that is refused. */
static void test_unchanged(void **state)
{
    (void)state;
    write_quantized();
    edit_sidecar("\"m\": {", "[2, 4]", "[2, 4]");
    struct quant_dequantize_job job = dequantize_job("q.safetensors", "r.safetensors");
    job.sidecar = "x.json";
    job.measure = false;
    dequantize_ok(&job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {IN_FOLDER(test_contradictions),
                                       IN_FOLDER(test_more_contradictions),
                                       IN_FOLDER(test_unchanged)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
