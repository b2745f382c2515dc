/* SPDX-License-Identifier: MIT */
/*
 * The sidecar: a JSON object beside the data that says how to get the numbers back. Its form is
 * data/sidecar.schema.json. What is read is not trusted: every field has its type, its range and
 * its error.
 */
#ifndef QUANT_RECORDS_SIDECAR_H
#define QUANT_RECORDS_SIDECAR_H

#include <quant/file.h>

#include "base/sink.h"
#include "base/source.h"

enum { QUANT_SIDECAR_WORD = 32 };

/* A file that the sidecar names. */
struct quant_sidecar_file {
    char *path; /* owned; relative to the sidecar's directory; NULL: a stream, or not UTF-8 */
    char format[QUANT_SIDECAR_WORD];
};

/* More scales than this are in a file of their own, which the sidecar names. */
enum { QUANT_SIDECAR_SCALES = 65536 };

/* A scale and a zero point for each group of elements; see <quant/groups.h>. */
struct quant_sidecar_groups {
    int axis;            /* counted from the first, 0 */
    uint64_t block_size; /* 0: each slice of the axis is a group */
    uint64_t
        block_rows; /* of blocks of block_rows x block_size of a matrix, whose axis is 1; or 0 */
    uint64_t count; /* of groups, by shape, axis and block size */
    float *scales;  /* owned; NULL if they are in a file, which path names */
    int32_t *zero_points; /* owned, the same */
    float *biases;        /* owned, the same; NULL too without biases */
    char *path; /* owned, or NULL; of a file of scale_records.h, relative to the sidecar's directory
                 */
    bool has_zero_points; /* in that file, whose scales are of params.scale_dtype */
    uint64_t bytes;       /* of that file */
    uint64_t xxh3_64;
};

struct quant_sidecar {
    struct quant_params params; /* with groups, scale 1 and zero point 0; a scale_dtype always */
    bool has_groups;
    struct quant_sidecar_groups groups;
    char method[QUANT_SIDECAR_WORD]; /* calibration method, "clip", "given" or "none" */
    bool has_argument;               /* of the method */
    double argument;
    bool has_range; /* false: no finite element, the scale was given, or the type has no scale */
    double range[2];
    bool has_observed; /* false: no finite element */
    double observed[2];
    struct quant_shape shape;
    enum quant_order order;
    struct quant_sidecar_file source;
    enum quant_dtype source_dtype;
    enum quant_byte_order source_byte_order; /* NONE if the format does not say it */
    struct quant_sidecar_file data;
    uint64_t data_bytes; /* of the whole data file */
    uint64_t data_xxh3_64;
};

/* Frees what *sidecar owns and zeroes it. Fine on an all-zero one. */
void quant_sidecar_release(struct quant_sidecar *sidecar);

/* Version 1, or 2 where something occurs that came with it: a file of scales, scales that are not
 * float32, blocks of rows and columns. */
enum quant_status quant_sidecar_write(const struct quant_sidecar *sidecar, struct quant_sink *sink,
                                      struct quant_error *error);

/* Reads both versions. Fills in *sidecar, which the caller releases, also after an error. Formats
 * and the method are not checked to be known ones, nor whether an argument is the method's, and no
 * file that it names is looked into. */
enum quant_status quant_sidecar_parse(struct quant_source *source, struct quant_sidecar *sidecar,
                                      struct quant_error *error);

/* Whether source is the sidecar of the file at path, of nbytes: *dtype is the type of the elements
 * of that file. For a container it is the type of the first tensor that has scales: such a file is
 * quantized already, whatever its other tensors are. QUANT_DTYPE_NONE if the sidecar is another
 * file's, if no tensor of the container has scales, and if source is not a sidecar. Errors:
 * QUANT_IO, QUANT_NO_MEMORY, QUANT_CANCELLED. */
enum quant_status quant_sidecar_identify(struct quant_source *source, const char *path,
                                         uint64_t nbytes, enum quant_dtype *dtype,
                                         struct quant_error *error);

/* Whether source begins as a sidecar does: it has its 'format' within 64 KiB. Errors: QUANT_IO,
 * QUANT_NO_MEMORY, QUANT_CANCELLED. */
enum quant_status quant_sidecar_begins(struct quant_source *source, bool *begins,
                                       struct quant_error *error);

#endif
