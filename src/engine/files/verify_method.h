/* SPDX-License-Identifier: MIT */
/* Whether scales are those that the recorded method finds in the original. */
#ifndef QUANT_ENGINE_FILES_VERIFY_METHOD_H
#define QUANT_ENGINE_FILES_VERIFY_METHOD_H

#include "engine/files/verify_compare.h"
#include "engine/work/pool.h"

/* What a sidecar says of how scales were found. */
struct quant_recorded_method {
    const char *method;
    bool has_argument;
    double argument;
    bool has_range;
    int axis; /* -1: one scale */
    uint64_t block_size;
    uint64_t block_rows;
};

/* All borrowed. */
struct quant_method_check {
    const struct quant_recorded_method *recorded;
    const struct quant_params *params;
    const struct quant_group_source *groups; /* NULL: one scale */
    struct quant_tensor *original;           /* read by position */
    const struct quant_cancel *cancel;
    struct quant_pool *pool; /* NULL: one thread, and buffers */
    struct quant_buffers *buffers;
};

struct quant_method_found {
    const char *scales; /* as in struct quant_verified; NULL: the method is not known */
    double difference;  /* if these are "other": the largest relative difference of two scales */
    uint64_t group;     /* the first that has another scale or zero point, */
    float expected;     /* what the method gives it */
    int32_t expected_zero_point;
    float scale; /* and what it has */
    int32_t zero_point;
};

/* Quantizes the original again by the recorded method, and keeps only the scales: 8 bytes of memory
 * for each group. Errors: those of quantizing. */
enum quant_status quant_method_check_run(const struct quant_method_check *check,
                                         struct quant_method_found *found,
                                         struct quant_error *error);

#endif
