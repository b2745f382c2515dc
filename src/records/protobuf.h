/* SPDX-License-Identifier: MIT */
/*
 * Writes messages of Protocol Buffers (protobuf.dev/programming-guides/encoding) into memory, field
 * by field: integers as varints, and texts, bytes and messages with their length before them. A
 * message within another is written on its own first.
 */
#ifndef QUANT_RECORDS_PROTOBUF_H
#define QUANT_RECORDS_PROTOBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A message. All zeros: an empty one. */
struct quant_protobuf {
    unsigned char *bytes; /* owned: n of them */
    size_t n;
    size_t room;
    bool has_failed; /* there was no memory: what was written after that is lost */
};

/* Each adds one field. Negative integers are added as their 64 bits. */
void quant_protobuf_add_integer(struct quant_protobuf *message, unsigned field, uint64_t value);
void quant_protobuf_add_bytes(struct quant_protobuf *message, unsigned field, const void *bytes,
                              size_t nbytes);
void quant_protobuf_add_text(struct quant_protobuf *message, unsigned field, const char *text);

/* Adds `part`, which is then empty again and keeps its memory. If part has failed, message has. */
void quant_protobuf_add_message(struct quant_protobuf *message, unsigned field,
                                struct quant_protobuf *part);

/* Fine on zeros. */
void quant_protobuf_release(struct quant_protobuf *message);

#endif
