/* SPDX-License-Identifier: MIT */
/*
 * The scales and zero points of all groups, on their way to the sidecar: kept in memory while they
 * fit into it, and otherwise written to a file beside the data as they come.
 */
#ifndef QUANT_ENGINE_TENSOR_GROUP_STORE_H
#define QUANT_ENGINE_TENSOR_GROUP_STORE_H

#include "io/checksum.h"
#include "io/io.h"
#include "records/scale_records.h"
#include "records/sidecar.h"

struct quant_group_store {
    const struct quant_grouping *grouping;
    bool to_file;
    struct quant_scale_records layout; /* of that file */
    uint64_t appended;                 /* groups */
    float *scales;                     /* owned; NULL where they go to a file */
    int32_t *zero_points;              /* owned */
    char *path;                        /* owned */
    char *relative;                    /* owned: the same, seen from the sidecar */
    struct quant_file_output file;
    struct quant_checksum_sink checksum;
};

/* Opens the file where there are more groups than QUANT_SIDECAR_SCALES. common is what all groups
 * have in common. QUANT_INVALID where the sidecar cannot name the file. */
enum quant_status quant_group_store_open(struct quant_group_store *store,
                                         const struct quant_grouping *grouping,
                                         const struct quant_params *common,
                                         const struct quant_quantize_job *job,
                                         const char *sidecar_path, struct quant_error *error);

/* Adds the next n groups, in order. */
enum quant_status quant_group_store_append(struct quant_group_store *store, const float *scales,
                                           const int32_t *zero_points, size_t n,
                                           struct quant_error *error);

/* Fills in the sidecar's groups; it takes over what is kept. */
void quant_group_store_record(struct quant_group_store *store, struct quant_sidecar *sidecar);

/* The file to be committed, NULL where there is none. */
struct quant_file_output *quant_group_store_file(struct quant_group_store *store);

/* Fine on a zeroed one. */
void quant_group_store_release(struct quant_group_store *store);

#endif
