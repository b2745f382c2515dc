/* SPDX-License-Identifier: MIT */
/*
 * The sidecar of a container: a head for the file and an entry for each of its tensors. It is
 * written and read as a stream, so that 100,000 tensors need no more memory than one. The form is
 * data/sidecar.schema.json: version 2, with the key "tensors" and one entry on each line.
 *
 *     write   begin, then for each tensor in order: print (on any thread), append; then end
 *     read    open, which reads the head; next, until it finds no more; close
 *
 * A sidecar of one tensor is in sidecar.h. quant_sidecar_tensors_open finds out which of the two a
 * file is. What is read is not trusted.
 */
#ifndef QUANT_RECORDS_SIDECAR_TENSORS_H
#define QUANT_RECORDS_SIDECAR_TENSORS_H

#include <quant/groups.h>

#include "base/sink.h"
#include "base/source.h"

/* What there is to say about the files. All text is UTF-8. */
struct quant_sidecar_head {
    const char *source_path; /* relative to the sidecar's directory; NULL: a stream, or a name that
                              * is not UTF-8 */
    const char *source_format; /* the name of a quant_format_at */
    uint64_t source_nbytes;
    const char *data_path; /* as source_path */
    const char *data_format;
    const char *layout;     /* of an engine, whose tensors hold those of the entries; NULL: the file
                             * has them as the entries say */
    uint64_t data_nbytes;   /* of the whole file */
    uint64_t header_nbytes; /* of the data file, from its first byte: what is before the tensors */
    uint64_t header_xxh3_64; /* of these bytes */
    uint64_t plan_xxh3_64;   /* of the plan; the same plan gives the same bytes */
};

/* XXH3 (64 bits) of the bytes of a tensor and of the two tensors that restore it. */
struct quant_digests {
    uint64_t data;
    uint64_t scales;      /* 0 if there is no scale tensor */
    uint64_t zero_points; /* or of biases; 0 if there is no zero point tensor */
};

/* Tensors of a file in the layout of an engine that hold one entry's tensor, beside its scales and
 * zero points. */
enum { QUANT_SIDECAR_BESIDE = 4 };

struct quant_sidecar_stored {
    const char *data; /* the tensor of the elements; NULL: the entry has no such */
    const char *type; /* as stored_type */
    const char *beside[QUANT_SIDECAR_BESIDE];
    size_t nbeside;
};

/*
 * One tensor of the output. The tensors that hold scales and zero points have no entries of their
 * own. Writing borrows all pointers; those that reading sets are valid until the next call on the
 * reader.
 */
struct quant_sidecar_entry {
    const char *name;                   /* UTF-8, any characters but NUL */
    struct quant_sidecar_stored stored; /* with a layout, if it is quantized. All else is as if the
                                         * file had been written without one */
    bool is_copied;          /* the bytes are those of the source; what is under "quantized only" is
                              * not used, and 0 after reading */
    const char *stored_type; /* the container's word for the type in the output, "I8" or "I64" */
    uint64_t stored_nbytes;  /* of the tensor's bytes in the output */
    struct quant_digests digests;
    int ndim; /* of the logical shape, at most QUANT_MAX_DIMS */
    const uint64_t *dims;

    /* ---- Quantized only ---- */

    enum quant_order order;

    struct quant_params params;  /* with groups, scale 1 and zero point 0; read: a scale_dtype */
    const char *scale_name;      /* a tensor of the container; NULL: the type is unscaled */
    const char *zero_point_name; /* a tensor of the container, of biases if params has them; NULL:
                                  * all zero points are 0 */
    bool has_groups;
    int axis;             /* with groups, from 0; else -1 */
    uint64_t block_size;  /* along the axis; 0: none, one group for each index of the axis */
    uint64_t block_rows;  /* of blocks of rows and columns of a matrix, whose axis is 1; else 0 */
    uint64_t scale_count; /* 1 without groups; 0 if the type is unscaled */
    const char *method;   /* calibration method, "clip", "given" or "none" */
    bool has_argument;    /* of the method */
    double argument;
    bool has_range; /* false: no finite element, the scale was given, or the type is unscaled */
    double range[2];
    bool has_observed; /* false: no finite element */
    double observed[2];
    enum quant_dtype source_dtype;
};

/* ---- Writing --------------------------------------------------------------------------------- */

/* No entry is longer than this, in bytes of text. */
enum { QUANT_SIDECAR_ENTRY_MOST = 16 << 20 };

/* Writes what is before the first entry. */
enum quant_status quant_sidecar_begin_tensors(struct quant_sink *sink,
                                              const struct quant_sidecar_head *head,
                                              struct quant_error *error);

/* Prints an entry into memory, on any thread. *text holds *nbytes bytes, without a NUL, and is the
 * caller's to free; NULL after an error: QUANT_NO_MEMORY, or QUANT_UNSUPPORTED for an entry that is
 * longer than QUANT_SIDECAR_ENTRY_MOST. */
enum quant_status quant_sidecar_print_entry(const struct quant_sidecar_entry *entry, char **text,
                                            size_t *nbytes, struct quant_error *error);

/* Writes what quant_sidecar_print_entry printed. */
enum quant_status quant_sidecar_append_entry(struct quant_sink *sink, const char *text,
                                             size_t nbytes, bool is_first,
                                             struct quant_error *error);

/* Writes what is after the last entry. */
enum quant_status quant_sidecar_end_tensors(struct quant_sink *sink, struct quant_error *error);

/* ---- Reading --------------------------------------------------------------------------------- */

struct quant_sidecar_reader;

/*
 * Reads and checks the head, in one pass over the text: keys may come in any order. *reader is the
 * caller's to close. It is NULL after an error, and, with QUANT_OK, if there is no key "tensors":
 * the text is the sidecar of one tensor then, or not a sidecar. source is borrowed until the reader
 * is closed.
 *
 * Formats and methods are not checked to be known ones, and no file that the sidecar names is
 * looked into.
 */
enum quant_status quant_sidecar_tensors_open(struct quant_source *source,
                                             struct quant_sidecar_reader **reader,
                                             struct quant_error *error);

/* Valid until the reader is closed. */
const struct quant_sidecar_head *
quant_sidecar_tensors_head(const struct quant_sidecar_reader *reader);

/*
 * The next entry, in the order of the text. *found is false after the last one. Everything in the
 * entry is checked, by itself and against the other fields: the count of scales and the size of the
 * data follow from shape, type, axis and block size. That the container has the tensors that the
 * entry names, with these sizes, is for the caller to check.
 *
 * A name that occurs twice is an error of the call that finds no more entries; until then 24 bytes
 * are kept for each name. An error ends the reading: call only quant_sidecar_tensors_close then.
 */
enum quant_status quant_sidecar_tensors_next(struct quant_sidecar_reader *reader,
                                             struct quant_sidecar_entry *entry, bool *found,
                                             struct quant_error *error);

/* Goes back to the first entry. */
enum quant_status quant_sidecar_tensors_rewind(struct quant_sidecar_reader *reader,
                                               struct quant_error *error);

/* Accepts NULL. */
void quant_sidecar_tensors_close(struct quant_sidecar_reader *reader);

#endif
