/* SPDX-License-Identifier: MIT */
/* What the caller hears of each tensor, and that it can stop a call: before the outputs get their
 * names, with nothing left of them. */
#include "../engine.h"

#include <math.h>

enum { MAX_SEEN = 4 };

struct seen {
    size_t stop_at; /* return false for this call; 0 is the first */
    size_t calls;
    struct quant_tensor_result results[MAX_SEEN];
    char names[MAX_SEEN][8];
    char errors[MAX_SEEN][1024];
    struct quant_quantize_result found[MAX_SEEN];
    struct quant_dequantize_result restored[MAX_SEEN];
    const char *unnamed; /* the output: not yet there when the function is called */
};

static bool see(void *context, const struct quant_tensor_result *result)
{
    struct seen *seen = context;
    const size_t i = seen->calls++;
    assert_true(i < MAX_SEEN);
    assert_false(seen->unnamed && file_exists(seen->unnamed));
    seen->results[i] = *result;
    snprintf(seen->names[i], sizeof seen->names[i], "%s", result->name);
    if (result->error)
        snprintf(seen->errors[i], sizeof seen->errors[i], "%s", result->error->text);
    if (result->found)
        seen->found[i] = *result->found;
    if (result->restored)
        seen->restored[i] = *result->restored;
    return i != seen->stop_at;
}

static void write_x(void)
{
    static const float x[] = {1, -2, 127};
    write_tensor("x.npy", x, 3);
}

static void check_single(const struct seen *seen)
{
    const struct quant_tensor_result *result = &seen->results[0];
    assert_int_equal(seen->calls, 1);
    assert_int_equal(result->file, 0);
    assert_int_equal(result->tensor, 0);
    assert_int_equal(result->ntensors, 0);
    assert_string_equal(seen->names[0], "");
    assert_int_equal(result->status, QUANT_OK);
    assert_null(result->error);
    assert_false(result->is_copied);
}

static void test_single(void **state)
{
    (void)state;
    write_x();
    struct seen seen = {.stop_at = MAX_SEEN, .unnamed = "q.npy"};
    struct quant_quantize_job there = quantize_job("x.npy", "q.npy");
    there.control = (struct quant_control){.on_tensor = see, .context = &seen};
    quantize_ok(&there);
    check_single(&seen);
    assert_int_equal(seen.results[0].nbytes, 12);
    assert_null(seen.results[0].restored);
    assert_true(seen.found[0].choice.params.scale == 1);
    assert_int_equal(seen.found[0].report.n, 3);

    seen = (struct seen){.stop_at = MAX_SEEN, .unnamed = "r.npy"};
    struct quant_dequantize_job back = dequantize_job("q.npy", "r.npy");
    back.control = there.control;
    dequantize_ok(&back);
    check_single(&seen);
    assert_int_equal(seen.results[0].nbytes, 3);
    assert_null(seen.results[0].found);
    assert_true(seen.restored[0].params.scale == 1);
    assert_int_equal(seen.restored[0].report.n, 3);
    assert_int_equal(seen.restored[0].shape.dims[0], 3);
}

static void test_single_stops(void **state)
{
    (void)state;
    write_x();
    struct seen seen = {.stop_at = 0};
    struct quant_quantize_job there = quantize_job("x.npy", "q.npy");
    quantize_ok(&there);
    there.output.path = "p.npy";
    there.control = (struct quant_control){.on_tensor = see, .context = &seen};
    quantize_fails(&there, QUANT_CANCELLED, "cancelled");
    assert_int_equal(seen.calls, 1);
    struct quant_dequantize_job back = dequantize_job("q.npy", "r.npy");
    back.control = there.control;
    seen.calls = 0;
    dequantize_fails(&back, QUANT_CANCELLED, "cancelled");
    assert_int_equal(seen.calls, 1);
    assert_false(file_exists("p.npy") || file_exists("p.npy.json") || file_exists("r.npy"));
}

/* Four tensors: a and d are mapped, b is copied, c is mapped. */
static void write_container(float third)
{
    static const char header[] =
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]},"
        "\"b\":{\"dtype\":\"I32\",\"shape\":[2],\"data_offsets\":[8,16]},"
        "\"c\":{\"dtype\":\"F32\",\"shape\":[1,1],\"data_offsets\":[16,20]},"
        "\"d\":{\"dtype\":\"F32\",\"shape\":[1,1],\"data_offsets\":[20,24]}}";
    struct {
        uint64_t length;
        char header[sizeof header - 1];
    } head = {.length = sizeof header - 1};
    const float elements[] = {1, -2, 3, 4, third, 6};
    memcpy(head.header, header, sizeof head.header);
    FILE *file = fopen("x.safetensors", "wb");
    assert_non_null(file);
    fwrite(&head.length, sizeof head.length, 1, file);
    fwrite(head.header, sizeof head.header, 1, file);
    fwrite(elements, sizeof elements, 1, file);
    assert_int_equal(fclose(file), 0);
}

static void test_container(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "b", "c", "d"};
    write_container(5);
    struct seen seen = {.stop_at = MAX_SEEN, .unnamed = "q.safetensors"};
    struct quant_quantize_job there = quantize_job("x.safetensors", "q.safetensors");
    there.control = (struct quant_control){.on_tensor = see, .context = &seen};
    quantize_ok(&there);
    struct seen back_seen = {.stop_at = MAX_SEEN, .unnamed = "r.safetensors"};
    struct quant_dequantize_job back = dequantize_job("q.safetensors", "r.safetensors");
    back.control = (struct quant_control){.on_tensor = see, .context = &back_seen};
    dequantize_ok(&back);
    assert_int_equal(seen.calls, 4);
    assert_int_equal(back_seen.calls, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(seen.names[i], names[i]);
        assert_string_equal(back_seen.names[i], names[i]);
        assert_int_equal(seen.results[i].tensor, i);
        assert_int_equal(back_seen.results[i].tensor, i);
        assert_int_equal(seen.results[i].ntensors, 4);
        assert_int_equal(back_seen.results[i].ntensors, 4);
        assert_int_equal(seen.results[i].is_copied, i == 1);
        assert_int_equal(back_seen.results[i].is_copied, i == 1);
        assert_int_equal(!seen.results[i].found, i == 1);
        assert_int_equal(!back_seen.results[i].restored, i == 1);
        assert_int_equal(seen.results[i].nbytes, i < 2 ? 8 : 4);
    }
}

static void test_container_fails(void **state)
{
    (void)state;
    write_container(NAN);
    for (size_t stop_at = 2; stop_at < MAX_SEEN; stop_at++) { /* the error stays what it is */
        struct seen seen = {.stop_at = stop_at};
        struct quant_quantize_job job = quantize_job("x.safetensors", "q.safetensors");
        job.control = (struct quant_control){.on_tensor = see, .context = &seen};
        struct quant_quantize_result result;
        struct quant_error error;
        assert_int_equal(quant_file_quantize(&job, &result, &error), QUANT_NONFINITE);
        assert_int_equal(seen.calls, 3);
        assert_string_equal(seen.names[2], "c");
        assert_int_equal(seen.results[2].status, QUANT_NONFINITE);
        assert_null(seen.results[2].found);
        assert_string_equal(seen.errors[2], error.text);
        assert_false(file_exists("q.safetensors"));
    }
}

static void test_container_stops(void **state)
{
    (void)state;
    write_container(5);
    struct quant_quantize_job there = quantize_job("x.safetensors", "q.safetensors");
    quantize_ok(&there);
    for (size_t stop_at = 0; stop_at < 4; stop_at++) {
        struct seen seen = {.stop_at = stop_at};
        there.output.path = "p.safetensors";
        there.control = (struct quant_control){.on_tensor = see, .context = &seen};
        quantize_fails(&there, QUANT_CANCELLED, "cancelled");
        assert_int_equal(seen.calls, stop_at + 1);
        struct quant_dequantize_job back = dequantize_job("q.safetensors", "r.safetensors");
        back.control = there.control;
        seen.calls = 0;
        dequantize_fails(&back, QUANT_CANCELLED, "cancelled");
        assert_int_equal(seen.calls, stop_at + 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_single),          IN_FOLDER(test_single_stops),    IN_FOLDER(test_container),
        IN_FOLDER(test_container_fails), IN_FOLDER(test_container_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
