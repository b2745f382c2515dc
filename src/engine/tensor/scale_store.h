/* SPDX-License-Identifier: MIT */
/*
 * The scales and zero points, or biases, of a tensor, on their way out. There are three places for
 * them: memory, from which the sidecar takes them; a file beside the data, if they are too many for
 * the sidecar; and two tensors of a container, one of scales and one of zero points or biases.
 */
#ifndef QUANT_ENGINE_TENSOR_SCALE_STORE_H
#define QUANT_ENGINE_TENSOR_SCALE_STORE_H

#include "base/sink.h"
#include "io/checksum.h"
#include "io/io.h"
#include "records/scale_records.h"
#include "records/sidecar.h"

struct quant_scale_store_ops;

struct quant_scale_store {
    const struct quant_scale_store_ops *ops; /* NULL: closed */
    struct quant_scale_records layout;       /* of a file, or of the container's tensors */
    uint64_t appended;                       /* groups */
    /* In memory: */
    float *scales;        /* owned */
    int32_t *zero_points; /* owned */
    float *biases;        /* owned; NULL: none */
    /* In a file: */
    char *path;     /* owned */
    char *relative; /* owned: the same, as the sidecar names it */
    struct quant_file_output file;
    /* In a file or a container: */
    struct quant_checksum_sink checksum; /* of the file, or of the scales */
    /* In a container: */
    uint64_t scales_offset;
    uint64_t zero_points_offset; /* or of biases, also below */
    bool has_narrow_zero_points; /* they are written as int8; their checksum is that of int32 */
    struct quant_checksum_sink zero_points_checksum;
};

/* Keeps them in memory: there are count groups, which have biases or not. */
enum quant_status quant_scale_store_open_memory(struct quant_scale_store *store, uint64_t count,
                                                bool has_biases, struct quant_error *error);

/* Writes them to the file of that name beside the sidecar. common is what all groups have in
 * common. QUANT_INVALID if the sidecar cannot name the file, QUANT_EXISTS if it is one of the job's
 * own. */
enum quant_status quant_scale_store_open_file(struct quant_scale_store *store, uint64_t count,
                                              const struct quant_params *common,
                                              const struct quant_quantize_job *job,
                                              const char *sidecar_path, struct quant_error *error);

/* Where scales, and zero points or biases, are in a container. */
struct quant_scale_places {
    struct quant_sink *sink;     /* borrowed; by position */
    uint64_t scales;             /* offset */
    uint64_t zero_points;        /* the same, if there are any */
    bool has_narrow_zero_points; /* int8, not int32 */
};

/* Writes them there; layout says as what, and whether there are zero points or biases. Appending
 * then is QUANT_OUT_OF_RANGE if one does not fit. The sink must outlive the store. */
enum quant_status quant_scale_store_open_container(struct quant_scale_store *store,
                                                   const struct quant_scale_records *layout,
                                                   const struct quant_scale_places *places,
                                                   struct quant_error *error);

/* Adds the next n groups, in order: the first n of groups. */
enum quant_status quant_scale_store_append(struct quant_scale_store *store,
                                           const struct quant_group_params *groups, size_t n,
                                           struct quant_error *error);

/* Fills in the groups of a single tensor's sidecar, which takes over what is kept. */
void quant_scale_store_record(struct quant_scale_store *store,
                              const struct quant_grouping *grouping, struct quant_sidecar *sidecar);

/* The file to be committed, NULL if there is not one. */
struct quant_file_output *quant_scale_store_file(struct quant_scale_store *store);

/* Fine on a zeroed one. */
void quant_scale_store_release(struct quant_scale_store *store);

#endif
