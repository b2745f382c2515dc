/* SPDX-License-Identifier: MIT */
/*
 * Where bytes come from. Formats read through this and do not know whether a file, a pipe or a
 * block of memory is behind it.
 */
#ifndef QUANT_BASE_SOURCE_H
#define QUANT_BASE_SOURCE_H

#include <quant/quant.h>

#define QUANT_SIZE_UNKNOWN UINT64_MAX

struct quant_source;

struct quant_source_ops {
    /* Reads up to nbytes at offset. *got < nbytes only at the end of the source. */
    enum quant_status (*read_at)(struct quant_source *source, uint64_t offset, void *buffer,
                                 size_t nbytes, size_t *got, struct quant_error *error);
    /* Promises that from now on offsets only grow, from the next byte not yet read: a pipe need not
     * keep what has passed. NULL: makes no difference. */
    void (*forward_only)(struct quant_source *source);
    /* Whether what was read is still what is there: QUANT_IO where a file changed since it was
     * opened. NULL: it cannot. */
    enum quant_status (*check_unchanged)(struct quant_source *source, struct quant_error *error);
    /* Frees the source itself too. */
    void (*close)(struct quant_source *source);
};

/* The head of every implementation's own structure. */
struct quant_source {
    const struct quant_source_ops *ops;
    const char *name; /* for messages: a path as the user gave it, or "standard input" */
    uint64_t size;    /* QUANT_SIZE_UNKNOWN for a stream that has not ended yet */
    bool positional;  /* read_at takes any offset at any time, from several threads at once */
};

/* As read_at; a source that ends before nbytes is QUANT_TRUNCATED. */
enum quant_status quant_source_read_exactly(struct quant_source *source, uint64_t offset,
                                            void *buffer, size_t nbytes, struct quant_error *error);

/* Sets "cannot read 'NAME': " and the text. */
enum quant_status quant_source_error(const struct quant_source *source, struct quant_error *error,
                                     enum quant_status status, const char *format, ...)
    QUANT_PRINTF(4, 5);

enum quant_status quant_source_check_unchanged(struct quant_source *source,
                                               struct quant_error *error);

/* Accepts NULL. */
void quant_source_close(struct quant_source *source);

/* A source over nbytes of memory, which must outlive it. NULL: no memory. */
struct quant_source *quant_source_from_memory(const void *bytes, size_t nbytes, const char *name);

#endif
