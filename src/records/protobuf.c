/* SPDX-License-Identifier: MIT */
#include "records/protobuf.h"

#include <stdlib.h>
#include <string.h>

enum { WIRE_VARINT = 0, WIRE_LENGTH = 2 };

static void append(struct quant_protobuf *message, const void *bytes, size_t nbytes)
{
    if (nbytes > SIZE_MAX / 4 || message->n > SIZE_MAX / 4)
        message->has_failed = true;
    if (message->has_failed || nbytes == 0)
        return;
    if (message->room - message->n < nbytes) {
        const size_t room = 2 * (message->n + nbytes) + 64;
        unsigned char *larger = realloc(message->bytes, room);
        if (!larger) {
            message->has_failed = true;
            return;
        }
        message->bytes = larger;
        message->room = room;
    }
    memcpy(message->bytes + message->n, bytes, nbytes);
    message->n += nbytes;
}

/* Seven bits to a byte, the lowest first; the highest bit says that more follow. */
static void append_varint(struct quant_protobuf *message, uint64_t value)
{
    unsigned char bytes[10];
    size_t n = 0;
    while (value > 0x7F) {
        bytes[n++] = (unsigned char)(0x80 | (value & 0x7F));
        value >>= 7;
    }
    bytes[n++] = (unsigned char)value;
    append(message, bytes, n);
}

void quant_protobuf_add_integer(struct quant_protobuf *message, unsigned field, uint64_t value)
{
    append_varint(message, (uint64_t)field << 3 | WIRE_VARINT);
    append_varint(message, value);
}

void quant_protobuf_add_bytes(struct quant_protobuf *message, unsigned field, const void *bytes,
                              size_t nbytes)
{
    append_varint(message, (uint64_t)field << 3 | WIRE_LENGTH);
    append_varint(message, nbytes);
    append(message, bytes, nbytes);
}

void quant_protobuf_add_text(struct quant_protobuf *message, unsigned field, const char *text)
{
    quant_protobuf_add_bytes(message, field, text, strlen(text));
}

void quant_protobuf_add_message(struct quant_protobuf *message, unsigned field,
                                struct quant_protobuf *part)
{
    message->has_failed = message->has_failed || part->has_failed;
    quant_protobuf_add_bytes(message, field, part->bytes, part->n);
    part->n = 0;
    part->has_failed = false;
}

void quant_protobuf_release(struct quant_protobuf *message)
{
    free(message->bytes);
    *message = (struct quant_protobuf){.bytes = NULL};
}
