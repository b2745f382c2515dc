/* SPDX-License-Identifier: MIT */
/*
 * The calibration file: a JSON object with the range that was found for a set of inputs, or with
 * what is known on the way there. Its form is data/calibration.schema.json. It names no paths, no
 * times and no threads, so equal findings are equal bytes. What is read is not trusted: every field
 * has its type, its range and its error.
 *
 * Calibration runs in rounds: the first finds the min and the max of the elements, and each of the
 * others is a pass of the method. A partial file holds what some of the inputs give in a round; a
 * file of the next stage holds what all of them gave in the rounds before.
 */
#ifndef QUANT_RECORDS_CALIBRATION_FILE_H
#define QUANT_RECORDS_CALIBRATION_FILE_H

#include <quant/groups.h>

#include "base/sink.h"
#include "base/source.h"

enum { QUANT_CALIBRATION_WORD = 32, QUANT_FINDINGS_MAXIMA = 4 };

/* No count is greater: as a double each is exact. */
#define QUANT_COUNT_MOST (UINT64_C(1) << 53)

enum quant_stage { QUANT_STAGE_COMPLETE = 0, QUANT_STAGE_NEXT, QUANT_STAGE_PARTIAL };

struct quant_counted {
    uint64_t index; /* rises */
    uint64_t count; /* > 0 */
};

/* What a pass found. */
struct quant_findings {
    size_t ncounted;
    struct quant_counted *counted; /* owned; all others are 0 */
    uint32_t maxima[QUANT_FINDINGS_MAXIMA];
    size_t nsums;
    double *sums; /* owned; of a part: those of each input, one after the other */
};

/* What a moving average goes through. */
struct quant_input_range {
    bool present; /* something finite was seen */
    double ends[2];
};

/* The ranges of groups, each of which is calibrated by itself. All inputs have the same groups. */
struct quant_calibration_groups {
    int axis;                       /* counted from the first, 0; -1: blocks of rows and columns */
    uint64_t block_size;            /* 0: each slice of the axis is a group */
    uint64_t block_rows;            /* 0: blocks along the axis, or none */
    struct quant_shape scale_shape; /* of an array of the groups: that of quant_grouping_scale_shape
                                     * for blocks. Slices of an axis have one dimension here, since
                                     * inputs may differ in the others */
    enum quant_order order;         /* of the groups in that array; C unless it matters */
    uint64_t count;
    /* Owned: count of each, in order. min > max in observed: the group has no finite element, and
     * its range does not matter. */
    double (*ranges)[2];
    float (*observed)[2];
};

/* What some of the inputs give in a round after the first. */
struct quant_calibration_part {
    uint64_t ninputs;
    uint64_t *digests; /* owned; of the elements of each */
    uint64_t count;    /* elements */
    struct quant_findings findings;
};

struct quant_calibration_file {
    enum quant_stage stage;

    /* The parts of the spec that the range is for. */
    enum quant_scheme scheme;
    enum quant_dtype dtype;
    bool has_qmin;
    bool has_qmax;
    int32_t qmin;
    int32_t qmax;
    bool include_zero;
    enum quant_rounding rounding;
    enum quant_dtype scale_dtype; /* QUANT_DTYPE_NONE: float32, and not written */
    char method[QUANT_CALIBRATION_WORD];
    bool has_argument;
    double argument;

    bool has_ema;
    double ema;
    size_t nranges;                   /* partial with has_ema: ninputs, else 0 */
    struct quant_input_range *ranges; /* owned */
    bool has_range;                   /* complete, and a finite element was seen; not with groups */
    double range[2];
    bool has_observed; /* a finite element was seen */
    double observed[2];
    uint64_t count; /* elements, finite or not */
    uint64_t nonfinite;
    uint64_t ninputs;
    uint64_t *digests; /* owned; not where complete: of the elements of each of the ninputs, in
                        * order, by which a part that is repeated or foreign is recognized */
    bool has_position; /* partial, in the first round: the caller said which part it is */
    uint64_t position;
    size_t npasses;                /* finished by all inputs; 0 where complete */
    struct quant_findings *passes; /* owned */
    bool has_part; /* partial, after the first round; else what is above is the part's own */
    struct quant_calibration_part part;
    bool has_groups; /* complete: each has a range, and there is no range of all elements */
    struct quant_calibration_groups groups;
};

/* Frees what *file owns and zeroes it. Fine on an all-zero one. */
void quant_calibration_file_release(struct quant_calibration_file *file);

enum quant_status quant_calibration_file_write(const struct quant_calibration_file *file,
                                               struct quant_sink *sink, struct quant_error *error);

/* Fills in *file, which the caller releases, also after an error. Groups are read one by one: they
 * take no more memory than they have in *file. The method is not checked to be a
 * known one. */
enum quant_status quant_calibration_file_read(struct quant_source *source,
                                              struct quant_calibration_file *file,
                                              struct quant_error *error);

/* Whether anything finite was seen in a group. */
static inline bool quant_calibration_groups_have(const struct quant_calibration_groups *groups,
                                                 uint64_t group)
{
    return groups->observed[group][0] <= groups->observed[group][1];
}

/* Whether the two go the same way: by one method with one argument, for one target, over all
 * elements or by one moving average. */
bool quant_calibration_file_is_kin(const struct quant_calibration_file *a,
                                   const struct quant_calibration_file *b);

/* Whether two partial files of kin are of the same round, and begin it from the same. */
bool quant_calibration_file_joins(const struct quant_calibration_file *a,
                                  const struct quant_calibration_file *b);

/* A complete file with one range is of version 1. One that is not complete yet has digests, and one
 * with groups has arrays: they are of version 2. */
int quant_calibration_file_version(const struct quant_calibration_file *file);

/* The round that a partial file holds, or the next stage needs, from 1. */
size_t quant_calibration_file_round(const struct quant_calibration_file *file);

#endif
