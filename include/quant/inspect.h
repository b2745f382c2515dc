/* SPDX-License-Identifier: MIT */
/*
 * What is in tensor files: from their headers and sidecars alone, or with statistics of their
 * elements. Nothing is written.
 *
 * A list of files, threads, cancelling and callbacks are those of all jobs, in <quant/file.h>.
 */
#ifndef QUANT_INSPECT_H
#define QUANT_INSPECT_H

#include <quant/file.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a tensor is to quant. */
enum quant_role {
    QUANT_ROLE_MAPPED = 0,  /* floats that quantizing maps, without --min-dims */
    QUANT_ROLE_COPIED,      /* quantizing copies it; in a quantized container: it was copied */
    QUANT_ROLE_REFUSED,     /* a file of one tensor whose type quantizing does not take */
    QUANT_ROLE_QUANTIZED,   /* its sidecar says that it was quantized: recorded is set */
    QUANT_ROLE_SCALES,      /* in a quantized container: scales of another tensor */
    QUANT_ROLE_ZERO_POINTS, /* the same */
    QUANT_ROLE_BIASES,      /* the same, in place of zero points */
    QUANT_ROLE_UNKNOWN      /* in a container with a sidecar, which does not name it */
};

/* The word for a role: "mapped"; never NULL. */
QUANT_API const char *quant_role_name(enum quant_role role);

enum { QUANT_INSPECTED_WORD = 32 };

/* What the sidecar says of a quantized tensor. Words and paths are strangers' text. */
struct quant_recorded {
    struct quant_params params;        /* with an axis: what all groups have in common */
    int axis;                          /* -1: one scale, or none (float16, bfloat16) */
    uint64_t block_size;               /* 0: none */
    uint64_t block_rows;               /* of blocks of block_rows x block_size; else 0 */
    uint64_t scale_count;              /* 0: the type is unscaled */
    char method[QUANT_INSPECTED_WORD]; /* calibration method, "clip", "given" or "none"; "": another
                                        * program has quantized it, and what follows is not known */
    bool has_argument;                 /* of the method */
    bool has_range;                    /* the range that was mapped */
    bool has_observed;                 /* the smallest and the largest finite element */
    double argument;
    double range[2];
    double observed[2];
    enum quant_dtype source_dtype; /* of the floats */
    char source_format[QUANT_INSPECTED_WORD];
    char source_path[QUANT_PATH_ROOM]; /* relative to the sidecar's directory, as it says; "" if
                                        * it names none */
    uint64_t xxh3_64;                  /* of the file; in a container, of the tensor's bytes */
};

/* ---- Statistics ------------------------------------------------------------------------------ */

/* Counts of finite elements in bins of one width from low to high, the smallest and the largest
 * element. Bin i has those from low + i * (high - low) / nbins on, without its upper end, but for
 * the last; all computed in double, as numpy.histogram does. One bin if all elements are equal. For
 * integers, each bin holds the same number of them, and the ends are half below and above one.
 */
enum { QUANT_HISTOGRAM_BINS = 64 };
struct quant_histogram {
    size_t nbins; /* 0: no finite element */
    double low;
    double high;
    uint64_t counts[QUANT_HISTOGRAM_BINS];
};

/* The largest magnitudes of the slices of axis 0, which are the channels of a weight. */
struct quant_channel_spread {
    uint64_t count; /* 0: fewer than two dimensions or two slices, or more than 2^18 */
    float min;
    float median; /* of an even number, the lower of the two in the middle */
    float max;
};

/* What a quantization would lose, without writing it. */
struct quant_trial {
    bool is_made;
    struct quant_choice choice; /* with several scales: what they have in common */
    struct quant_report report; /* as quant_file_quantize makes it */
};

enum { QUANT_PERCENTILES = 5 };

/* The i-th of the percentiles of struct quant_statistics: 0.1, 1, 50, 99 and 99.9. */
QUANT_API double quant_percentile_at(size_t i);

/* All depends on the elements alone. Sums are in double, in an order that depends on the number of
 * elements alone. Where a figure has no value, because nothing is finite, it is NaN. */
struct quant_statistics {
    struct quant_observed observed; /* min and max, and the first element that is not finite */
    uint64_t nans;                  /* of those that are not finite */
    uint64_t plus_infinities;
    uint64_t minus_infinities;
    uint64_t zeros;
    double mean;                           /* of the finite elements, as all that follows */
    double deviation;                      /* standard deviation, divided by their number */
    double percentiles[QUANT_PERCENTILES]; /* exact order statistics, interpolated as
                                            * numpy.percentile does */
    struct quant_outliers outliers;
    struct quant_channel_spread channels;
    struct quant_histogram histogram;

    /* ---- Integers only ---- */

    bool are_integers;
    uint64_t levels; /* integers of the type; 0 for int32: neither levels nor ends are counted */
    uint64_t levels_used; /* different ones among the elements */
    uint64_t at_ends[2];  /* elements that are qmin and qmax: of a quantized tensor those that its
                           * sidecar states, else those of the type */

    /* ---- Floats that quantizing maps or copies only ---- */

    struct quant_trial mapped; /* as the job's spec says */
    struct quant_trial by_mse; /* the same with method mse; made if the spec's method is minmax,
                                * and outliers are not more than 1 in 64 */
    struct quant_trial per_channel; /* the same with a scale for each slice of axis 0; made if there
                                     * are channels, and the range is found */
};

/* ---- Tensors and files ----------------------------------------------------------------------- */

struct quant_inspect_result;

/* One tensor. */
struct quant_inspected {
    const struct quant_inspect_result *file; /* of a container: what its header and sidecar say;
                                              * NULL for a file of one tensor */
    char type[QUANT_INSPECTED_WORD]; /* the file's own word for the type of its elements: "BF16",
                                      * "<f4"; of raw elements and JSON the name of dtype. May be a
                                      * stranger's text */
    enum quant_dtype dtype;   /* the same; NONE: quant has no such type, or it cannot be known
                               * from the file. With a sidecar the type that it says */
    struct quant_shape shape; /* of a quantized tensor, of the elements, not of packed bytes */
    enum quant_order order;
    uint64_t nelems;
    uint64_t offset; /* of the first byte in the file; 0 for JSON */
    uint64_t nbytes; /* of the elements in the file; of JSON, of the text */
    enum quant_role role;
    const char *owner;              /* of scales and zero points: the tensor that they restore; else
                                     * NULL. Valid during the call of on_tensor */
    struct quant_recorded recorded; /* of a quantized tensor */
    struct quant_error fault;       /* how the sidecar contradicts the file; status QUANT_OK: not */
    bool has_statistics;            /* wanted, and the type is one whose elements quant reads */
    struct quant_statistics statistics;
};

/* One file. */
struct quant_inspect_result {
    const char *format; /* the name of a quant_format_at */
    bool is_container;
    bool has_sidecar;                     /* there is one, and it could be read */
    uint64_t nbytes;                      /* of the file; of a stream, of what was read */
    uint64_t header_nbytes;               /* of a container: what is before the first tensor */
    size_t ntensors;                      /* in the header; 1 for a file of one tensor */
    size_t roles[QUANT_ROLE_UNKNOWN + 1]; /* of these, by enum quant_role */
    size_t nunread;                       /* with measure: tensors that failed */
    size_t nfaults;                       /* contradictions between the file and its sidecar */
    struct quant_error fault;  /* the first of them, or why there is a sidecar that cannot be used;
                                * status QUANT_OK: none */
    struct quant_error remark; /* the file looks quantized, but there is no sidecar; the same */
    struct quant_inspected tensor; /* of a file of one tensor; of a container undefined */
};

struct quant_inspect_job {
    size_t size;              /* sizeof(struct quant_inspect_job) */
    struct quant_input input; /* tensor: of a container, only this one */
    const char *sidecar;      /* NULL: path with ".json" added, if that is a sidecar */
    struct quant_spec spec;   /* what statistics try; its nonfinite is not used */
    bool measure;             /* read the elements for statistics */
    struct quant_control control;
    const struct quant_file *files;   /* nfiles of them, in place of input.path and sidecar; only
                                       * path, sidecar and reason are used */
    size_t nfiles;                    /* 0: no list */
    struct quant_selection selection; /* of a container, other tensors are not reported, nor read */
};

/*
 * Reads the headers of files. on_tensor gets the tensors, in the order of the file, with
 * inspected set, and on_file each file, as for other jobs. What has no header is read to its end:
 * JSON, and raw elements from a pipe. A container from a pipe is copied to an unlinked file in
 * TMPDIR first.
 *
 * A sidecar that is missing, damaged or another file's is not an error: the file is listed, and
 * fault or remark say what is wrong. Errors are those of reading the file itself. Memory: some 500
 * bytes for each tensor of a container.
 *
 * With measure the elements are read some six times, and as often as method mse needs if it is
 * tried. Floats have all statistics. Integers of 4, 8 and 16 bits are counted as the numbers they
 * are, without scales; other types have no statistics. What has no positions is copied to an
 * unlinked file in TMPDIR first. A tensor of a container that cannot be read does not stop the
 * others: on_tensor has its error, and the status is that of the first. Memory: at most 4 MiB for
 * each thread.
 */
QUANT_API enum quant_status quant_file_inspect(const struct quant_inspect_job *job,
                                               struct quant_inspect_result *result,
                                               struct quant_error *error);

#ifdef __cplusplus
}
#endif

#endif
