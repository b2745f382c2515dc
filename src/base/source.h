/* SPDX-License-Identifier: MIT */
/*
 * Where bytes are read from. Formats read through this interface and do not know whether it is a
 * file, a pipe or a block of memory.
 */
#ifndef QUANT_BASE_SOURCE_H
#define QUANT_BASE_SOURCE_H

#include <quant/quant.h>

#define QUANT_SIZE_UNKNOWN UINT64_MAX

struct quant_source;

struct quant_source_ops {
    /* Reads up to nbytes at offset. *got is less than nbytes only at the end of the source. */
    enum quant_status (*read_at)(struct quant_source *source, uint64_t offset, void *buffer,
                                 size_t nbytes, size_t *got, struct quant_error *error);
    /* Promises that from now on offsets only grow, starting with the next unread byte: a pipe need
     * not keep bytes that were read. NULL: has no effect. */
    void (*forward_only)(struct quant_source *source);
    /* Returns QUANT_IO if the file changed since it was opened. NULL: the source cannot change. */
    enum quant_status (*check_unchanged)(struct quant_source *source, struct quant_error *error);
    /* Also frees the source itself. */
    void (*close)(struct quant_source *source);
};

/* The first member of every implementation's structure. */
struct quant_source {
    const struct quant_source_ops *ops;
    const char *name; /* for messages: a path as the user gave it, or "standard input" */
    uint64_t size;    /* QUANT_SIZE_UNKNOWN for a stream that has not ended yet */
    bool positional;  /* read_at accepts any offset at any time, from several threads at once */
};

/* Like read_at, but returns QUANT_TRUNCATED if the source ends before nbytes. */
enum quant_status quant_source_read_exactly(struct quant_source *source, uint64_t offset,
                                            void *buffer, size_t nbytes, struct quant_error *error);

/* Sets the error to "cannot read 'NAME': ", followed by the text. */
enum quant_status quant_source_error(const struct quant_source *source, struct quant_error *error,
                                     enum quant_status status, const char *format, ...)
    QUANT_PRINTF(4, 5);

enum quant_status quant_source_check_unchanged(struct quant_source *source,
                                               struct quant_error *error);

/* Accepts NULL. */
void quant_source_close(struct quant_source *source);

/* A source that reads nbytes of memory, which must outlive it. Returns NULL if out of memory. */
struct quant_source *quant_source_from_memory(const void *bytes, size_t nbytes, const char *name);

#endif
