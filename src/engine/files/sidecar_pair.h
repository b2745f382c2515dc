/* SPDX-License-Identifier: MIT */
/*
 * A quantized file and its sidecar while another process may replace both: data first, then the
 * sidecar, which is named SIDECAR.pending meanwhile (io/pending.h). A reader
 *
 *     1  marks the pair
 *     2  chooses the sidecar that fits the data
 *     3  opens both
 *     4  looks whether the mark still holds: if not, it starts again
 *
 * and then has two files that belong together, whatever is renamed from then on.
 */
#ifndef QUANT_ENGINE_FILES_SIDECAR_PAIR_H
#define QUANT_ENGINE_FILES_SIDECAR_PAIR_H

#include <sys/stat.h>

#include "io/io.h"

/* What the names lead to at one moment; all zeros where there is no such file. */
struct quant_pair_mark {
    char *sidecar_path; /* owned; without links in its last component */
    char *pending_path; /* owned */
    struct stat sidecar;
    struct stat pending;
    struct stat data; /* only with a pending sidecar: without, the data is not about to change */
};

/* QUANT_NO_MEMORY. */
enum quant_status quant_pair_mark(const char *data, const char *sidecar,
                                  struct quant_pair_mark *mark, struct quant_error *error);

/* Whether the names still lead to the same files, unchanged. */
bool quant_pair_is_marked(const char *data, const struct quant_pair_mark *mark);

void quant_pair_mark_release(struct quant_pair_mark *mark);

/* *fits: the sidecar is one, and all of the data has its checksums. Files that cannot be read do
 * not fit. Errors: QUANT_CANCELLED, QUANT_NO_MEMORY. */
enum quant_status quant_pair_fits(const char *data, const char *sidecar,
                                  const struct quant_cancel *cancel, bool *fits,
                                  struct quant_error *error);

/* *pending: the data does not fit the sidecar, but the pending one; it is that one's path, which
 * the caller frees. Else NULL. Without a pending one nothing is read. */
enum quant_status quant_pair_find_pending(const char *data, const char *sidecar,
                                          const struct quant_cancel *cancel, char **pending,
                                          struct quant_error *error);

/* What a commit that replaces the pair needs; released after it. */
struct quant_pair_replacement {
    struct quant_replacement io;
    const char *data;    /* borrowed */
    const char *sidecar; /* borrowed */
    char *scales;        /* owned: the file of scales that the old sidecar may name */
    bool has_scales;     /* the new one does */
    struct quant_cancel cancel;
};

enum quant_status quant_pair_replacement_init(struct quant_pair_replacement *replacement,
                                              const char *data, const char *sidecar,
                                              bool has_scales, const struct quant_cancel *cancel,
                                              struct quant_error *error);

void quant_pair_replacement_release(struct quant_pair_replacement *replacement);

#endif
