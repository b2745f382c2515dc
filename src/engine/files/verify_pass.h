/* SPDX-License-Identifier: MIT */
/* The one pass that verifying makes over a quantized tensor: its bytes are hashed and its integers
 * looked at. */
#ifndef QUANT_ENGINE_FILES_VERIFY_PASS_H
#define QUANT_ENGINE_FILES_VERIFY_PASS_H

#include "engine/files/verify_compare.h"
#include "engine/files/verify_findings.h"
#include "engine/tensor/tensor.h"
#include "engine/work/buffers.h"
#include "engine/work/pass_progress.h"
#include "engine/work/pool.h"
#include "io/checksum.h"

struct quant_verify_pass {
    struct quant_quantized_side own; /* its reader's source is the checksum's */
    struct quant_checksum_source *checksum;
    const struct quant_against
        *against; /* NULL: nothing is compared. Else it is read by position */
    const struct quant_shape *shape;
    enum quant_order order;
    uint64_t nelems;
    struct quant_progress *progress;
    struct quant_pool *pool;       /* NULL: one thread, and buffers */
    struct quant_buffers *buffers; /* of that thread; with a pool, its own are used */
};

/* Adds what it finds: integers outside the range, and padding that is not 0. The checksum then
 * holds the digest of what was read; nobody has compared it yet. *differences: with against.
 * Errors: those of reading. */
enum quant_status quant_verify_pass_run(const struct quant_verify_pass *pass,
                                        struct quant_findings *findings,
                                        struct quant_differences *differences,
                                        struct quant_error *error);

#endif
