/* SPDX-License-Identifier: MIT */
/* What the tests of the engine share: tensors as files of any format, and jobs in short. */
#ifndef QUANT_TESTS_ENGINE_ENGINE_H
#define QUANT_TESTS_ENGINE_ENGINE_H

#include "../support/files.h"

#include "../support/random.h"

/* Normal-looking numbers, -4 to 4, and a few that stand out. */
static inline float *make_floats(size_t n)
{
    struct random random = random_begin();
    float *x = malloc((n + 1) * sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(2 * (random_unit(&random) + random_unit(&random) - 1) +
                       4 * (random_unit(&random) - 0.5));
    if (n > 3) {
        x[n / 3] = 7.25F;
        x[n / 2] = -0.0F;
        x[n - 1] = -5.5F;
    }
    return x;
}

static inline void write_raw(const char *path, const float *x, size_t n)
{
    file_write(path, x, n * sizeof *x);
}

/* shape as Python has it: "(2, 3)". */
static inline void write_npy(const char *path, const float *x, size_t n, bool fortran,
                             const char *shape)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    char text[256];
    snprintf(text, sizeof text, "{'descr': '<f4', 'fortran_order': %s, 'shape': %s, }%60s",
             fortran ? "True" : "False", shape, "");
    fwrite("\x93NUMPY\1\0\x76\0", 1, 10, file);
    fprintf(file, "%-117.117s\n", text);
    fwrite(x, sizeof *x, n, file);
    assert_int_equal(fclose(file), 0);
}

static inline void write_json(const char *path, const float *x, size_t n)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (size_t i = 0; i < n; i++)
        fprintf(file, "%c%.9g", i == 0 ? '[' : ',', (double)x[i]);
    fprintf(file, n == 0 ? "[]\n" : "]\n");
    assert_int_equal(fclose(file), 0);
}

/* One dimension, in the format of the path's extension. */
static inline void write_tensor(const char *path, const float *x, size_t n)
{
    char shape[32];
    snprintf(shape, sizeof shape, "(%zu,)", n);
    if (strstr(path, ".npy"))
        write_npy(path, x, n, false, shape);
    else if (strstr(path, ".json"))
        write_json(path, x, n);
    else
        write_raw(path, x, n);
}

/* The numbers of any of these files, as float: size 1 for int8 data, 4 for float32. */
static inline float *read_tensor(const char *path, size_t size, size_t n)
{
    size_t nbytes;
    unsigned char *bytes = file_read(path, &nbytes);
    float *x = calloc(n + 1, sizeof *x);
    assert_non_null(x);
    const size_t header = strstr(path, ".npy") ? 128 : 0;
    const bool is_text = strstr(path, ".json") != NULL;
    assert_true(is_text || nbytes == header + n * size);
    char *text = (char *)bytes;
    for (size_t i = 0; i < n; i++) {
        if (is_text) {
            text += strspn(text, "[], \n");
            assert_true(*text != '\0');
            x[i] = strtof(text, &text);
        } else if (size == 1) {
            x[i] = (float)(signed char)bytes[header + i];
        } else {
            memcpy(&x[i], bytes + header + i * size, size);
        }
    }
    if (is_text)
        assert_int_equal(text[strspn(text, "[] \n")], '\0');
    free(bytes);
    return x;
}

static inline struct quant_quantize_job quantize_job(const char *input, const char *output)
{
    return (struct quant_quantize_job){.size = sizeof(struct quant_quantize_job),
                                       .input = {.path = input},
                                       .output = {.path = output},
                                       .measure = true};
}

static inline struct quant_dequantize_job dequantize_job(const char *path, const char *output)
{
    return (struct quant_dequantize_job){.size = sizeof(struct quant_dequantize_job),
                                         .path = path,
                                         .output = {.path = output},
                                         .measure = true};
}

static inline struct quant_quantize_result quantize_ok(const struct quant_quantize_job *job)
{
    struct quant_quantize_result result;
    struct quant_error error;
    check_ok(quant_file_quantize(job, &result, &error), &error);
    return result;
}

static inline struct quant_dequantize_result dequantize_ok(const struct quant_dequantize_job *job)
{
    struct quant_dequantize_result result;
    struct quant_error error;
    check_ok(quant_file_dequantize(job, &result, &error), &error);
    return result;
}

/* The call fails so, and leaves the directory as it was. */
static inline void quantize_fails(const struct quant_quantize_job *job, enum quant_status expected,
                                  const char *message)
{
    struct quant_quantize_result result;
    struct quant_error error = {QUANT_OK, ""};
    const int before = folder_count(".");
    check_error(message, quant_file_quantize(job, &result, &error), &error, expected, message);
    assert_int_equal(folder_count("."), before);
}

static inline void dequantize_fails(const struct quant_dequantize_job *job,
                                    enum quant_status expected, const char *message)
{
    struct quant_dequantize_result result;
    struct quant_error error = {QUANT_OK, ""};
    const int before = folder_count(".");
    check_error(message, quant_file_dequantize(job, &result, &error), &error, expected, message);
    assert_int_equal(folder_count("."), before);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_enter, folder_leave)

#endif
