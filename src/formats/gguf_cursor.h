/* SPDX-License-Identifier: MIT */
/* The header of a GGUF file, read in order through a small buffer. */
#ifndef QUANT_FORMATS_GGUF_CURSOR_H
#define QUANT_FORMATS_GGUF_CURSOR_H

#include "base/arena.h"
#include "base/source.h"
#include "formats/gguf.h"

struct quant_gguf_cursor {
    struct quant_source *source; /* of known size */
    struct quant_error *error;
    uint64_t offset;  /* of the next byte */
    const char *what; /* is being read, for messages: "a key" */
    uint64_t first;   /* offset of the first byte in the buffer */
    size_t nbytes;    /* in the buffer */
    unsigned char bytes[16 << 10];
};

/* "cannot read 'FILE': " and the text. */
enum quant_status quant_gguf_error(const struct quant_gguf_cursor *cursor, enum quant_status status,
                                   const char *format, ...) QUANT_PRINTF(3, 4);

/* Bytes from here to the end of the file. */
uint64_t quant_gguf_left(const struct quant_gguf_cursor *cursor);

/* The next nbytes. QUANT_TRUNCATED: there are fewer. */
enum quant_status quant_gguf_take(struct quant_gguf_cursor *cursor, void *to, size_t nbytes);
enum quant_status quant_gguf_take_32(struct quant_gguf_cursor *cursor, uint32_t *value);
enum quant_status quant_gguf_take_64(struct quant_gguf_cursor *cursor, uint64_t *value);
enum quant_status quant_gguf_skip(struct quant_gguf_cursor *cursor, uint64_t nbytes);

/* A length of 8 bytes and the bytes after it, which are ended by a zero in the arena. */
enum quant_status quant_gguf_take_text(struct quant_gguf_cursor *cursor, struct quant_arena *arena,
                                       uint64_t most, char **text, size_t *length);

/* A key and its value, all of whose bytes are passed over. The arena holds the texts. */
enum quant_status quant_gguf_take_pair(struct quant_gguf_cursor *cursor, struct quant_arena *arena,
                                       struct quant_gguf_pair *pair);

#endif
