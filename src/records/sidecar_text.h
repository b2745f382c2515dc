/* SPDX-License-Identifier: MIT */
/*
 * Cuts the text of a container's sidecar into pieces that are small enough to be parsed whole: the
 * head, which is everything but the value of "tensors", and each entry of that value.
 */
#ifndef QUANT_RECORDS_SIDECAR_TEXT_H
#define QUANT_RECORDS_SIDECAR_TEXT_H

#include "records/json_scan.h"

struct quant_sidecar_text {
    struct quant_source *source; /* borrowed */
    uint64_t tensors_begin;      /* of the value of "tensors"; 0: there is no such key */
    uint64_t tensors_end;

    /* The piece: a JSON object if the text is right. A NUL follows that is not counted. */
    char *bytes; /* owned */
    size_t length;
    size_t room;
    const char *noun;   /* what the piece is, for messages */
    uint64_t offset;    /* in the source, of its first byte */
    size_t gap;         /* of the head: where "tensors" was cut out; else its length */
    uint64_t gap_width; /* the bytes that were cut out there */
    int ended_by;       /* of an entry: the byte of the source after it */

    struct quant_json_scan scan;
};

/* Finds the value of "tensors", in one pass over the source that checks no more than it has to.
 * text->source is set, all else zero. Without such a key whatever is wrong with the text is not an
 * error: it is left to those who read texts of another kind. */
enum quant_status quant_sidecar_text_find(struct quant_sidecar_text *text,
                                          struct quant_error *error);

/* Makes the head the piece, with an empty object as "tensors". */
enum quant_status quant_sidecar_text_head(struct quant_sidecar_text *text,
                                          struct quant_error *error);

/* Moves to the first entry. */
enum quant_status quant_sidecar_text_enter(struct quant_sidecar_text *text,
                                           struct quant_error *error);

/* Moves to the entry at an offset. */
void quant_sidecar_text_seek(struct quant_sidecar_text *text, uint64_t offset);

/* Makes the next entry the piece: its name and its value, as an object. is_last: no comma follows.
 * The object is empty if there are no entries at all, or none after the last comma. QUANT_CORRUPT:
 * after the last entry there is more of the value of "tensors", or less: it has changed. */
enum quant_status quant_sidecar_text_next(struct quant_sidecar_text *text, bool *is_last,
                                          struct quant_error *error);

/* Puts the byte that ended the entry in place of the brace that was added, for messages. */
void quant_sidecar_text_unmask(struct quant_sidecar_text *text);

/* The offset in the source of a byte of the piece. */
uint64_t quant_sidecar_text_offset(const struct quant_sidecar_text *text, size_t at);

/* Frees what *text owns. */
void quant_sidecar_text_release(struct quant_sidecar_text *text);

#endif
