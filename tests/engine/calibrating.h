/* SPDX-License-Identifier: MIT */
/* Calibrations of many files in short, for the tests of them. */
#ifndef QUANT_TESTS_ENGINE_CALIBRATING_H
#define QUANT_TESTS_ENGINE_CALIBRATING_H

#include "engine.h"

static inline struct quant_calibrate_job calibrate_job(const char *const *paths, size_t npaths,
                                                       const struct quant_spec *spec,
                                                       const char *output)
{
    return (struct quant_calibrate_job){.size = sizeof(struct quant_calibrate_job),
                                        .paths = paths,
                                        .npaths = npaths,
                                        .spec = *spec,
                                        .output = output,
                                        .force = true};
}

static inline struct quant_calibrate_result calibrate_ok(const struct quant_calibrate_job *job)
{
    struct quant_calibrate_result result;
    struct quant_error error;
    check_ok(quant_file_calibrate(job, &result, &error), &error);
    return result;
}

static inline struct quant_calibrate_result merge_ok(const char *const *paths, size_t npaths,
                                                     const char *output)
{
    const struct quant_merge_job job = {
        .size = sizeof job, .paths = paths, .npaths = npaths, .output = output, .force = true};
    struct quant_calibrate_result result;
    struct quant_error error;
    check_ok(quant_file_merge(&job, &result, &error), &error);
    return result;
}

/* The call fails so, and writes nothing. */
static inline void calibrate_fails(const struct quant_calibrate_job *job,
                                   enum quant_status expected, const char *message)
{
    struct quant_calibrate_result result;
    struct quant_error error = {QUANT_OK, ""};
    const int before = folder_count(".");
    check_error(message, quant_file_calibrate(job, &result, &error), &error, expected, message);
    assert_int_equal(folder_count("."), before);
}

static inline void merge_fails(const char *const *paths, size_t npaths, enum quant_status expected,
                               const char *message)
{
    const struct quant_merge_job job = {
        .size = sizeof job, .paths = paths, .npaths = npaths, .output = "none.json"};
    struct quant_calibrate_result result;
    struct quant_error error = {QUANT_OK, ""};
    check_error(message, quant_file_merge(&job, &result, &error), &error, expected, message);
    assert_false(file_exists("none.json"));
}

#endif
