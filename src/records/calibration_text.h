/* SPDX-License-Identifier: MIT */
/*
 * Cuts the text of a calibration file with groups in pieces: the head, which is small enough to be
 * parsed whole, and the two arrays "range" and "observed", which are read entry by entry.
 */
#ifndef QUANT_RECORDS_CALIBRATION_TEXT_H
#define QUANT_RECORDS_CALIBRATION_TEXT_H

#include "records/json_scan.h"

enum quant_calibration_array { QUANT_CALIBRATION_RANGE, QUANT_CALIBRATION_OBSERVED };
enum { QUANT_CALIBRATION_ARRAYS = 2 };

/* The names of the two arrays. */
extern const char *const quant_calibration_arrays[QUANT_CALIBRATION_ARRAYS];

struct quant_calibration_text {
    struct quant_source *source;              /* borrowed */
    bool has_groups;                          /* there is a key "scale_shape" */
    uint64_t begin[QUANT_CALIBRATION_ARRAYS]; /* of the values, in the source; 0: no such key */
    uint64_t end[QUANT_CALIBRATION_ARRAYS];

    /* The text without the two values, in whose place there is null. A NUL follows. */
    char *head; /* owned */
    size_t length;

    struct quant_json_scan scan;
};

/* Looks for the keys, in one pass over the source that checks no more than it has to. text->source
 * is set, all else zero. Whatever is wrong with a text that has no groups up to there is not an
 * error: it is left to those who read it whole. */
enum quant_status quant_calibration_text_find(struct quant_calibration_text *text,
                                              struct quant_error *error);

/* Makes the head. QUANT_OUT_OF_RANGE: it is longer than a head can be. */
enum quant_status quant_calibration_text_cut(struct quant_calibration_text *text,
                                             struct quant_error *error);

/* The offset in the source of a byte of the head. */
uint64_t quant_calibration_text_offset(const struct quant_calibration_text *text, size_t at);

/* Moves text->scan to one of the two values. */
void quant_calibration_text_seek(struct quant_calibration_text *text,
                                 enum quant_calibration_array array);

/* Frees what *text owns. */
void quant_calibration_text_release(struct quant_calibration_text *text);

#endif
