/* SPDX-License-Identifier: MIT */
/* A sorted array: several threads that go through a range leave a few parts each. */
#include "io/crc_parts.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct quant_crc_part {
    uint64_t offset;
    uint64_t nbytes;
    uint32_t crc;
};

uint32_t quant_crc(const void *bytes, size_t nbytes)
{
    return (uint32_t)crc32_z(crc32_z(0, NULL, 0), bytes, nbytes);
}

_Static_assert(sizeof(z_off_t) == 8, "lengths of parts must fit; see _FILE_OFFSET_BITS");

uint32_t quant_crc_join(uint32_t first, uint32_t second, uint64_t nbytes)
{
    return (uint32_t)crc32_combine(first, second, (z_off_t)nbytes);
}

/* The number of parts that begin before offset. */
static size_t find(const struct quant_crc_parts *parts, uint64_t offset)
{
    size_t from = 0;
    size_t to = parts->n;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        if (parts->parts[middle].offset < offset)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static uint64_t end_of(const struct quant_crc_part *part)
{
    return part->offset + part->nbytes;
}

static bool insert(struct quant_crc_parts *parts, size_t i, const struct quant_crc_part *part)
{
    enum { FIRST_ROOM = 4 };
    if (parts->n == parts->room) {
        const size_t room = parts->room > 0 ? 2 * parts->room : FIRST_ROOM;
        struct quant_crc_part *larger = realloc(parts->parts, room * sizeof *larger);
        if (!larger)
            return false;
        parts->parts = larger;
        parts->room = room;
    }
    memmove(parts->parts + i + 1, parts->parts + i, (parts->n - i) * sizeof *parts->parts);
    parts->parts[i] = *part;
    parts->n++;
    return true;
}

/* Joins part i to the one before it. */
static void join(struct quant_crc_parts *parts, size_t i)
{
    struct quant_crc_part *before = &parts->parts[i - 1];
    const struct quant_crc_part *part = &parts->parts[i];
    before->crc = quant_crc_join(before->crc, part->crc, part->nbytes);
    before->nbytes += part->nbytes;
    parts->n--;
    memmove(parts->parts + i, parts->parts + i + 1, (parts->n - i) * sizeof *parts->parts);
}

bool quant_crc_parts_add(struct quant_crc_parts *parts, uint64_t offset, uint64_t nbytes,
                         uint32_t crc)
{
    const struct quant_crc_part part = {offset, nbytes, crc};
    const size_t i = find(parts, offset);
    const bool overlaps = (i > 0 && end_of(&parts->parts[i - 1]) > offset) ||
                          (i < parts->n && parts->parts[i].offset < offset + nbytes);
    if (nbytes == 0 || overlaps)
        return true;
    if (i > 0 && end_of(&parts->parts[i - 1]) == offset) { /* the usual case: no insertion */
        struct quant_crc_part *before = &parts->parts[i - 1];
        before->crc = quant_crc_join(before->crc, crc, nbytes);
        before->nbytes += nbytes;
    } else if (!insert(parts, i, &part)) {
        return false;
    }
    const size_t last = find(parts, offset + 1) - 1; /* the part that has these bytes now */
    if (last + 1 < parts->n && end_of(&parts->parts[last]) == parts->parts[last + 1].offset)
        join(parts, last + 1);
    return true;
}

bool quant_crc_parts_complete(const struct quant_crc_parts *parts, uint64_t nbytes, uint32_t *crc)
{
    *crc = parts->n > 0 ? parts->parts[0].crc : quant_crc(NULL, 0);
    if (nbytes == 0)
        return true;
    return parts->n == 1 && parts->parts[0].offset == 0 && parts->parts[0].nbytes == nbytes;
}

void quant_crc_parts_release(struct quant_crc_parts *parts)
{
    free(parts->parts);
    *parts = (struct quant_crc_parts){.parts = NULL};
}
