/* SPDX-License-Identifier: MIT */
/*
 * Scales and zero points that a file gives for the tensors of another one:
 *
 *   a container           the arrays NAME_scale and NAME_zero_point for a tensor NAME; scale and
 *                         zero_point for a tensor without a name
 *   a container's sidecar what it says that its container has for NAME, of which it has checksums
 *   a tensor's sidecar    its own, for a tensor without a name
 *
 * Everything is read by position, and several threads may read at once.
 */
#ifndef QUANT_ENGINE_FILES_GIVEN_SCALES_H
#define QUANT_ENGINE_FILES_GIVEN_SCALES_H

#include <quant/file.h>

#include "engine/files/restored_tensors.h"
#include "engine/tensor/container_input.h"

/* Zeroed, it is closed. */
struct quant_given_scales {
    const char *path; /* the caller's */
    struct quant_container_input input;
    char *data_path;                        /* owned: of the container, if path is its sidecar */
    struct quant_restored_tensors restored; /* the same: what its sidecar says */
    uint32_t *entries;                      /* owned: of each tensor of the container the index in
                                             * restored, or QUANT_NOT_STORED; NULL: no sidecar */
    struct quant_loaded loaded;             /* of a tensor's sidecar */
    bool is_single;                         /* it is that */
};

/* Where the scales of one tensor are, and how they lie. */
struct quant_given_array {
    size_t scales;      /* index in the container */
    size_t zero_points; /* the same, with has_zero_points */
    bool has_zero_points;
    bool has_biases;          /* in place of zero points: the scales alone say little */
    struct quant_shape shape; /* of both */
    enum quant_order order;
    uint64_t count;
    const struct quant_digests *digests; /* NULL: not known */
};

/* QUANT_INVALID if the file is not one of these. To be closed also after an error. */
enum quant_status quant_given_scales_open(struct quant_given_scales *given, const char *path,
                                          const struct quant_cancel *cancel,
                                          struct quant_error *error);

/* The scales for a tensor; name "": one that is not named. QUANT_INVALID if the file does not have
 * them, or if zero points have another shape. */
enum quant_status quant_given_scales_find(const struct quant_given_scales *given, const char *name,
                                          struct quant_given_array *array,
                                          struct quant_error *error);

/* Reads all of them, in their own order; zero_points is left alone if the file has no such. Whether
 * they are valid is not checked, but QUANT_CORRUPT: a checksum differs. */
enum quant_status quant_given_scales_read(const struct quant_given_scales *given,
                                          const struct quant_given_array *array, float *scales,
                                          int32_t *zero_points, struct quant_error *error);

/* XXH3 (64 bits) of all arrays of scales and zero points in the file, and of their names. */
enum quant_status quant_given_scales_digest(const struct quant_given_scales *given,
                                            uint64_t *digest, struct quant_error *error);

void quant_given_scales_close(struct quant_given_scales *given);

#endif
