/* SPDX-License-Identifier: MIT */
/* The scales and zero points, or biases, of all groups, from a sidecar, the file that it names, or
 * two tensors of a container, for passes over the elements that need those of a chunk. */
#ifndef QUANT_ENGINE_TENSOR_GROUP_SOURCE_H
#define QUANT_ENGINE_TENSOR_GROUP_SOURCE_H

#include "core/measure.h"
#include "engine/work/chunks.h"
#include "io/io.h"
#include "records/scale_records.h"
#include "records/sidecar.h"

/* What each worker has of its own. */
struct quant_group_share {
    struct quant_group_params params; /* of the chunk's groups, where not all are in memory */
    unsigned char *records;           /* the same as they are in the file */
    struct quant_group_sums sums;     /* where a report is made */
};

struct quant_group_source {
    struct quant_grouping grouping;
    struct quant_group_params
        all; /* where all are in memory; borrowed from the sidecar, or owned */
    bool owns_all;
    bool any_scale;                    /* scales may be 0 or negative, as those of engines */
    struct quant_scale_records layout; /* of the file */
    char *path;                        /* owned */
    struct quant_source *source;       /* owned: records, or scales alone */
    bool is_container;                 /* scales alone, */
    struct quant_source *zero_points;  /* and zero points; owned; NULL: all are 0. Or biases: layout
                                        * has them then */
    struct quant_group_share *shares;
    unsigned nshares;
};

/* Checks a file against the sidecar, which must outlive *groups: its size, its checksum, and every
 * scale in it. */
enum quant_status quant_group_source_open(struct quant_group_source *groups,
                                          const struct quant_sidecar *sidecar,
                                          const char *sidecar_path,
                                          const struct quant_cancel *cancel,
                                          struct quant_error *error);
/* What the tensors of a container say: the two sources, which groups takes over, also after an
 * error, hold a scale and an int32 for each group; zero_points may be NULL, or hold biases of the
 * same type as the scales. The digests are XXH3.
 */
struct quant_group_tensors {
    struct quant_source *scales;
    struct quant_source *zero_points;
    enum quant_dtype scale_dtype;
    bool is_integer; /* the elements are; else all zero points must be 0 */
    bool any_scale;  /* also 0 and negative ones, as engines have */
    bool has_biases;
    uint64_t scales_xxh3_64;
    uint64_t zero_points_xxh3_64;
    bool is_unchecked; /* the digests are not known */
};

/* Checks them: sizes, checksums, and every scale. groups->grouping has been made. */
enum quant_status quant_group_source_open_container(struct quant_group_source *groups,
                                                    const struct quant_group_tensors *tensors,
                                                    struct quant_error *error);

/* The number of workers, at most `workers`, that have room for what each has of its own. */
unsigned quant_group_source_workers(const struct quant_group_source *groups, unsigned workers,
                                    bool measures);
enum quant_status quant_group_source_share(struct quant_group_source *groups, unsigned workers,
                                           bool measures, struct quant_error *error);

/* Before the chunk is worked on: its groups' parameters, for its worker. */
enum quant_status quant_group_source_load(struct quant_group_source *groups,
                                          const struct quant_chunk *chunk,
                                          struct quant_error *error);
/* n groups, from to->first on, into *to, from a file or a container; records has room for n of
 * them. The numbers are not checked again. */
enum quant_status quant_group_source_read(const struct quant_group_source *groups, size_t n,
                                          unsigned char *records,
                                          const struct quant_group_params *to,
                                          struct quant_error *error);
struct quant_group_part quant_group_source_part(const struct quant_group_source *groups,
                                                const struct quant_chunk *chunk);

/* At the end: that the file is still the one that was checked. */
enum quant_status quant_group_source_check_unchanged(const struct quant_group_source *groups,
                                                     struct quant_error *error);

/* Fine on a zeroed one. */
void quant_group_source_release(struct quant_group_source *groups);

#endif
